// Sources: what is dropped, what it says of itself, and where an error is.
import { unzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { commonRoot, FILES_MAX, nameOf, sourceOf } from "./files";
import { gitDraftOf, gitOrigin, guiltyField, refusedField } from "./git";
import { placeOfLine, placeOfTraceback } from "./guilty";
import { named, readManifest } from "./manifest";

const file = (path: string, text = "x") => ({ path, file: new File([text], path) });

describe("a folder", () => {
  test("becomes a zip without its own name, and without what nobody wants", async () => {
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

  test("is the same zip again", async () => {
    const bytes = async () => {
      const { upload } = await sourceOf([file("a/app.py"), file("a/b.py")]);
      return upload.kind === "zip" ? upload.content.text() : "";
    };
    expect(await bytes()).toBe(await bytes());
  });

  test("is refused where it is empty or too much", async () => {
    await expect(sourceOf([file("a/.git/x")])).rejects.toThrow("there are no files in it");
    const many = Array.from({ length: FILES_MAX + 1 }, (_, n) => file(`a/${n}.py`));
    await expect(sourceOf(many)).rejects.toThrow("more than 2000 files");
  });
});

test("one file is a file, a zip that is none is refused", async () => {
  expect(await sourceOf([file("My Hello.py")])).toMatchObject({
    upload: { kind: "file" },
    name: "my-hello",
  });
  await expect(sourceOf([file("x.zip", "no zip")])).rejects.toThrow("no zip that can be read");
});

test("names and roots", () => {
  expect(nameOf("Über_Größe--.zip")).toBe("ber-gr-e");
  expect(commonRoot(["a/b", "c/d"])).toBe("");
  expect(commonRoot(["app.py"])).toBe("");
});

describe("function.json", () => {
  test("has settings, a name, and env in either form", () => {
    const { name, settings } = readManifest('{"name": "a", "timeout": "5s", "env": {"A": "1"}}');
    expect(name).toBe("a");
    expect(settings).toEqual({ timeout: "5s", env: [{ name: "A", value: "1" }] });
    expect(readManifest(undefined)).toEqual({ name: "", settings: {} });
  });

  test.each(["{", "[]", "1"])("is refused as %s", (text) => {
    expect(() => readManifest(text)).toThrow(/^function.json: /);
  });

  test("takes the name that was typed", () => {
    expect(named('{"name": "my-function", "runtime": "python"}', "shop")).toContain(
      '"name": "shop"',
    );
    expect(named("{", "shop")).toBe("{");
  });
});

describe("the guilty line", () => {
  const files = ["app.py", "lib/x.py", "requirements.txt"];

  test("of a build", () => {
    expect(placeOfLine("app.py:3: def handler", files)).toEqual({ file: "app.py", line: 3 });
    expect(placeOfLine("requirements.txt:2", files)).toEqual({ file: "requirements.txt", line: 2 });
    expect(placeOfLine("other.py:3: x", files)).toBeNull();
    expect(placeOfLine("", files)).toBeNull();
  });

  test("of a traceback is the last one in the user's files", () => {
    const text =
      'File "/h/artifacts/d/code/app.py", line 1, in <module>\n' +
      'File "/h/artifacts/d/code/lib/x.py", line 7, in <module>\n' +
      'File "/usr/lib/python3/json/decoder.py", line 355, in raw_decode';
    expect(placeOfTraceback(text, files)).toEqual({ file: "lib/x.py", line: 7 });
    expect(placeOfTraceback("no frames", files)).toBeNull();
  });
});

describe("a git source", () => {
  const draft = { url: " https://x.example/y.git ", ref: "", path: "", runtime: "" };

  test("means the main branch and the root where nothing else is said, and comes back as it was", () => {
    const origin = gitOrigin(draft);
    expect(origin).toMatchObject({
      image: null,
      runtime: null,
      source: { git: { url: "https://x.example/y.git", ref: "HEAD", path: null } },
    });
    const spec = origin as unknown as Parameters<typeof gitDraftOf>[0];
    expect(gitDraftOf(spec)).toEqual({ ...draft, url: "https://x.example/y.git" });
  });

  test("is blamed at the field that the build names", () => {
    expect(guiltyField("x has no y (line: source.git.ref: y)")).toEqual({
      field: "ref",
      message: "x has no y",
    });
    expect(guiltyField("x (line: requirements.txt:1: y)")).toBeNull();
    const errors = [
      { field: "name", message: "no" },
      { field: "git.url", message: "not so" },
    ];
    expect(refusedField(errors)).toEqual({ field: "url", message: "not so" });
    expect(refusedField(errors.slice(0, 1))).toBeNull();
  });
});
