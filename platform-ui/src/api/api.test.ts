// Chunked streams, events and problems.
import { describe, expect, test } from "vitest";
import { documents, lines } from "./lines";
import { ApiProblem, asProblem, problemOf } from "./problem";
import { serverEvents } from "./sse";

function bodyOf(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return new ReadableStream({
    start(control) {
      for (let at = 0; at < bytes.length; at += size) control.enqueue(bytes.slice(at, at + size));
      control.close();
    },
  });
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of source) found.push(each);
  return found;
}

describe.each([1, 2, 3, 7, 1000])("in chunks of %i bytes", (size) => {
  test("yields whole lines, even if a chunk splits a character", async () => {
    expect(await all(lines(bodyOf("één\r\ntwo\n\nlast", size)))).toEqual([
      "één",
      "two",
      "",
      "last",
    ]);
  });

  test("skips keep-alive lines", async () => {
    expect(await all(documents(bodyOf('{"a":1}\n\n\n[2]\n', size)))).toEqual([{ a: 1 }, [2]]);
  });

  test("parses name, id and joined data of events; comments only count as activity", async () => {
    let alive = 0;
    const text =
      ': still here\n\nevent: changed\nid: 4\ndata: {"a":\ndata: 1}\n\ndata:x\n\nevent: none\n\n';
    expect(await all(serverEvents(bodyOf(text, size), () => alive++))).toEqual([
      { event: "changed", id: "4", data: '{"a":\n1}' },
      { event: "message", id: "4", data: "x" },
    ]);
    expect(alive).toBe(11);
  });
});

test("closes the source of a stream that is left early", async () => {
  let isClosed = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (control) => control.enqueue(new TextEncoder().encode("line\n")),
    cancel: () => {
      isClosed = true;
    },
  });
  for await (const line of lines(body)) {
    expect(line).toBe("line");
    break;
  }
  expect(isClosed).toBe(true);
});

test("keeps the text of a problem document, and turns anything else into an error", () => {
  const told = problemOf(422, {
    detail: "min 7 is more than max 3",
    code: "invalid-input",
    callId: "c1",
    fix: "lower min",
    errors: [{ field: "spec.scale", message: "no" }],
  });
  expect(told).toMatchObject({
    message: "min 7 is more than max 3",
    fix: "lower min",
    status: 422,
  });
  expect(told.errors).toHaveLength(1);
  expect(problemOf(502, "<html>")).toMatchObject({ code: "unexpected", status: 502 });
  expect(asProblem(new TypeError("Failed to fetch")).code).toBe("unreachable");
  expect(asProblem(told)).toBeInstanceOf(ApiProblem);
});
