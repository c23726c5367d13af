// Server-sent events over fetch, which can send headers, unlike EventSource.
// Source: HTML Living Standard, section "Server-sent events", parsing an event stream.
import { lines } from "./lines";

export interface ServerEvent {
  event: string;
  id: string;
  data: string;
}

/** The events of a stream; `alive` is called for every line, including comments. */
export async function* serverEvents(
  body: ReadableStream<Uint8Array>,
  alive: () => void = () => undefined,
): AsyncGenerator<ServerEvent> {
  let event = "message";
  let id = "";
  let data: string[] = [];
  for await (const line of lines(body)) {
    alive();
    if (line === "") {
      if (data.length > 0) yield { event, id, data: data.join("\n") };
      event = "message";
      data = [];
      continue;
    }
    const [, name = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "event") event = value;
    else if (name === "data") data.push(value);
    else if (name === "id") id = value;
  }
}
