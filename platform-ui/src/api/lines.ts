// Splits a stream of text chunks into lines of bounded length.

export const LINE_MAX = 4 * 1024 * 1024;

/** Each line without its line break, as soon as it is complete. */
export async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let open = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      open += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const whole = open.split("\n");
      open = (whole.pop() ?? "").slice(0, LINE_MAX);
      for (const line of whole) yield line.endsWith("\r") ? line.slice(0, -1) : line;
      if (done) break;
    }
    if (open !== "") yield open;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Each line as JSON; empty lines are keep-alives and are skipped. */
export async function* documents(body: ReadableStream<Uint8Array>): AsyncGenerator {
  for await (const line of lines(body)) {
    if (line.trim() !== "") yield JSON.parse(line) as unknown;
  }
}
