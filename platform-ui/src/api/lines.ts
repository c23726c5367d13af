// Text that arrives in pieces, as the lines it is made of; a line of any length stays bounded.

export const LINE_MAX = 4 * 1024 * 1024;

/** Each line without its end, as soon as it is whole; the last one needs no end. */
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

/** Each line as JSON; empty lines are signs of life, and not told. */
export async function* documents(body: ReadableStream<Uint8Array>): AsyncGenerator {
  for await (const line of lines(body)) {
    if (line.trim() !== "") yield JSON.parse(line) as unknown;
  }
}
