// A function's page: bodies, curl lines, history, logs, settings.
import { describe, expect, test } from "vitest";
import { sample } from "../live/samples";
import { hexDump, imageType, join, kindOf, pretty } from "./body";
import { curlLine } from "./curl";
import { TokenHolder } from "../session/token";
import { CallHistory } from "./history";
import { appended, found, LINES_MAX } from "./logBuffer";
import { EMPTY_ROW, problemsOf, settingsOf, specWith } from "./settings";

const bytes = (text: string) => new TextEncoder().encode(text);
const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]);

describe("a body", () => {
  test.each([
    ["empty", "text/plain", bytes("")],
    ["json", "application/json", bytes("{}")],
    ["json", "application/problem+json", bytes("{}")],
    ["text", "text/html", bytes("<script>alert(1)</script>")],
    ["text", "", bytes("plain")],
    ["image", "image/png", PNG],
    ["binary", "application/octet-stream", new Uint8Array([0, 1, 2, 255])],
    ["text", "image/svg+xml", bytes("<svg onload='alert(1)'/>")],
    ["text", "image/png", bytes("<html>says it is a picture")],
  ])("is %s as %s", (kind, type, content) => {
    expect(kindOf(type, content)).toBe(kind);
  });

  test("is joined, dumped, and indented if it is JSON", () => {
    expect(join([bytes("ab"), bytes("c")])).toEqual(bytes("abc"));
    expect(hexDump(bytes("A\n"))).toBe(`00000000  41 0a${" ".repeat(43)} A.`);
    expect(hexDump(new Uint8Array(5000))).toContain("… 904 bytes more");
    expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(pretty('{"a":')).toBe('{"a":');
    expect(imageType(bytes("GIF89a"))).toBe("image/gif");
  });
});

test("quotes a curl command for the shell and leaves out the token", () => {
  const line = curlLine({
    method: "POST",
    url: "http://localhost:8080/function/a?b=1&c=$(id)",
    headers: [["X-Note", "it's"]],
    body: '{"a": `id`}',
    token: true,
  });
  expect(line).toBe(
    "curl -X POST -H \"Authorization: Bearer ${AUTH_TOKEN:-dev-token}\" -H 'X-Note: it'\\''s' " +
      "--data-binary '{\"a\": `id`}' 'http://localhost:8080/function/a?b=1&c=$(id)'",
  );
  const own = {
    method: "GET",
    url: "http://h/",
    headers: [["authorization", "x"]] as const,
    token: true,
  };
  expect(curlLine(own)).toBe("curl -H 'authorization: x' http://h/");
});

class Shelf implements Storage {
  private readonly kept = new Map<string, string>();
  get length() {
    return this.kept.size;
  }
  key = (index: number) => [...this.kept.keys()][index] ?? null;
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
  clear = () => this.kept.clear();
}

test("keeps a bounded history per function, newest first, without credentials", () => {
  const shelf = new Shelf();
  const history = new CallHistory(shelf, () => true);
  const ref = { namespace: "default", name: "a" };
  const headers = [
    ["Authorization", "Bearer secret"],
    ["X-A", "1"],
  ] as const;
  for (let n = 0; n < 30; n++) {
    const draft = { method: "GET", path: `/${n}`, headers, body: "x".repeat(100_000) };
    history.add(ref, { time: n, draft, status: 200, milliseconds: 1, callId: "" });
  }
  const kept = history.of(ref);
  expect(kept).toHaveLength(20);
  expect(kept[0]?.draft.path).toBe("/29");
  expect(kept[0]?.draft.headers).toEqual([["X-A", "1"]]);
  expect(JSON.stringify(kept)).not.toContain("secret");
  expect(kept[0]?.draft.body.length).toBe(64 * 1024);
  expect(history.of({ ...ref, name: "b" })).toEqual([]);
  expect(new CallHistory(shelf, () => true).of(ref)).toEqual(kept);
  shelf.setItem("other", "stays");
  history.clear();
  expect(history.of(ref)).toEqual([]);
  expect([shelf.length, shelf.getItem("other")]).toEqual([1, "stays"]);
});

test("keeps token and history in memory unless the user chooses otherwise", () => {
  const shelf = new Shelf();
  const holder = new TokenHolder(shelf);
  const history = new CallHistory(shelf, holder.isKept);
  const ref = { namespace: "default", name: "a" };
  const draft = { method: "GET", path: "/", headers: [], body: "" };
  const past = { time: 0, draft, status: 200, milliseconds: 1, callId: "" };
  holder.set("t0ken", false);
  history.add(ref, past);
  expect([holder.get(), history.of(ref).length, shelf.length]).toEqual(["t0ken", 1, 0]);
  expect(new TokenHolder(shelf).get()).toBeNull();
  holder.set("t0ken", true);
  history.add(ref, past);
  expect(shelf.length).toBe(2);
  expect(new TokenHolder(shelf).get()).toBe("t0ken");
  holder.set("t0ken", false);
  expect(new TokenHolder(shelf).get()).toBeNull();
});

test("bounds log lines, keeps their numbers, and searches them", () => {
  const line = (text: string) => ({
    time: "",
    replica: "r",
    revision: "v",
    stream: "stdout" as const,
    text,
  });
  const many = appended(
    [],
    Array.from({ length: LINES_MAX + 5 }, (_, n) => line(`Line ${n}`)),
  );
  expect(many).toHaveLength(LINES_MAX);
  expect(many[0]?.number).toBe(6);
  expect(appended(many, [line("next")]).at(-1)?.number).toBe(LINES_MAX + 6);
  expect(found(many, "LINE 4999")).toHaveLength(1);
});

describe("settings", () => {
  const { spec } = sample();

  test("survive a round trip", () => {
    const rich = {
      ...spec,
      env: [
        { name: "A", value: "1", valueFrom: null },
        {
          name: "B",
          value: null,
          valueFrom: { secretKeyRef: { name: "db", key: "url", optional: true } },
        },
      ],
    };
    expect(specWith(rich, settingsOf(rich))).toEqual(rich);
    expect(problemsOf(rich)).toEqual([]);
  });

  test("report errors with the path of the field", () => {
    const settings = {
      ...settingsOf(spec),
      env: [{ ...EMPTY_ROW, name: "1-bad" }],
      timeout: "soon",
      concurrency: "0",
    };
    const fields = problemsOf(specWith(spec, settings)).map(({ field }) => field);
    expect(fields).toEqual(
      expect.arrayContaining(["spec.env[0].name", "spec.timeout", "spec.concurrency"]),
    );
  });
});
