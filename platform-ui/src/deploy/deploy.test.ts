// Sources: dropped files, manifests, and positions of errors.
import { unzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { commonRoot, FILES_MAX, nameOf, sourceOf } from "./files";
import { gitDraftOf, gitOrigin, parseFieldError, findFieldError } from "./git";
import { positionInLine, positionInTraceback } from "./errorPosition";
import { named, readManifest } from "./manifest";

const file = (path: string, text = "x") => ({ path, file: new File([text], path) });

describe("a folder", () => {
  test("becomes a zip without its top folder and without ignored files", async () => {
    const source = await sourceOf([
      file("site/app.py", "code"),
      file("site/function.json", '{"name": "shop"}'),
      file("site/.git/HEAD"),
      file("site/lib/__pycache__/x.pyc"),
      file("site/lib/x.py"),
    ]);
    expect(source).toMatchObject({
      files: 3,
      name: "site",
      label: "site",
      manifest: '{"name": "shop"}',
    });
    if (source.upload.kind !== "zip") throw new Error("no zip");
    const entries = unzipSync(new Uint8Array(await source.upload.content.arrayBuffer()));
    expect(Object.keys(entries).sort()).toEqual(["app.py", "function.json", "lib/x.py"]);
  });

  test("gives the same zip for the same files", async () => {
    const bytes = async () => {
      const { upload } = await sourceOf([file("a/app.py"), file("a/b.py")]);
      return upload.kind === "zip" ? upload.content.text() : "";
    };
    expect(await bytes()).toBe(await bytes());
  });

  test("is rejected if it is empty or too large", async () => {
    await expect(sourceOf([file("a/.git/x")])).rejects.toThrow("the folder contains no files");
    const many = Array.from({ length: FILES_MAX + 1 }, (_, n) => file(`a/${n}.py`));
    await expect(sourceOf(many)).rejects.toThrow("more than 2000 files");
  });
});

test("accepts a single file and rejects an invalid zip", async () => {
  expect(await sourceOf([file("My Hello.py")])).toMatchObject({
    upload: { kind: "file" },
    name: "my-hello",
  });
  await expect(sourceOf([file("x.zip", "no zip")])).rejects.toThrow("not a readable zip");
});

test("derives a name and a common root", () => {
  expect(nameOf("Über_Größe--.zip")).toBe("ber-gr-e");
  expect(commonRoot(["a/b", "c/d"])).toBe("");
  expect(commonRoot(["app.py"])).toBe("");
});

describe("function.json", () => {
  test("yields settings and a name, with env as object or list", () => {
    const { name, settings } = readManifest('{"name": "a", "timeout": "5s", "env": {"A": "1"}}');
    expect(name).toBe("a");
    expect(settings).toEqual({ timeout: "5s", env: [{ name: "A", value: "1" }] });
    expect(readManifest(undefined)).toEqual({ name: "", settings: {} });
  });

  test.each(["{", "[]", "1"])("rejects %s", (text) => {
    expect(() => readManifest(text)).toThrow(/^function.json: /);
  });

  test("uses the given name", () => {
    expect(named('{"name": "my-function", "runtime": "python"}', "shop")).toContain(
      '"name": "shop"',
    );
    expect(named("{", "shop")).toBe("{");
  });
});

describe("the position of an error", () => {
  const files = ["app.py", "lib/x.py", "requirements.txt"];

  test("is parsed from a build log", () => {
    expect(positionInLine("app.py:3: def handler", files)).toEqual({ file: "app.py", line: 3 });
    expect(positionInLine("requirements.txt:2", files)).toEqual({
      file: "requirements.txt",
      line: 2,
    });
    expect(positionInLine("other.py:3: x", files)).toBeNull();
    expect(positionInLine("", files)).toBeNull();
  });

  test("is the last frame of a traceback in the user's files", () => {
    const text =
      'File "/h/artifacts/d/code/app.py", line 1, in <module>\n' +
      'File "/h/artifacts/d/code/lib/x.py", line 7, in <module>\n' +
      'File "/usr/lib/python3/json/decoder.py", line 355, in raw_decode';
    expect(positionInTraceback(text, files)).toEqual({ file: "lib/x.py", line: 7 });
    expect(positionInTraceback("no frames", files)).toBeNull();
  });
});

describe("a git source", () => {
  const draft = { url: " https://x.example/y.git ", ref: "", path: "", runtime: "" };

  test("defaults to the main branch and the root, and survives a round trip", () => {
    const origin = gitOrigin(draft);
    expect(origin).toMatchObject({
      image: null,
      runtime: null,
      source: { git: { url: "https://x.example/y.git", ref: "HEAD", path: null } },
    });
    const spec = origin as unknown as Parameters<typeof gitDraftOf>[0];
    expect(gitDraftOf(spec)).toEqual({ ...draft, url: "https://x.example/y.git" });
  });

  test("has the field named by the build", () => {
    expect(parseFieldError("x has no y (line: source.git.ref: y)")).toEqual({
      field: "ref",
      message: "x has no y",
    });
    expect(parseFieldError("x (line: requirements.txt:1: y)")).toBeNull();
    const errors = [
      { field: "name", message: "no" },
      { field: "git.url", message: "not so" },
    ];
    expect(findFieldError(errors)).toEqual({ field: "url", message: "not so" });
    expect(findFieldError(errors.slice(0, 1))).toBeNull();
  });
});
