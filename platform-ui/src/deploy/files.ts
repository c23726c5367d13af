// Turns dropped or selected files into a source: a folder becomes a zip, a zip or a file stays as it is.
import { zip, unzip, type AsyncZippable } from "fflate";
import { ApiProblem } from "../api/problem";
import type { Upload } from "../api/build";
import { MANIFEST } from "./manifest";

export interface FoundFile {
  path: string;
  file: File;
}

export interface Source {
  upload: Upload;
  /** A summary for display: `3 files, 1.2 KB`. */
  label: string;
  files: number;
  size: number;
  /** The content of function.json, if present. */
  manifest: string | undefined;
  /** A name for the function, derived from the folder or file. */
  name: string;
}

export const FILES_MAX = 2_000;
export const BYTES_MAX = 64 * 1024 * 1024;
const LEFT_OUT =
  /(^|\/)(\.git|\.hg|\.venv|venv|node_modules|__pycache__|\.mypy_cache|\.pytest_cache|\.DS_Store)(\/|$)/;

/** Raises ApiProblem if there are no files or too many. */
export async function sourceOf(found: readonly FoundFile[]): Promise<Source> {
  const kept = found.filter(({ path }) => !LEFT_OUT.test(path));
  const size = kept.reduce((sum, { file }) => sum + file.size, 0);
  if (kept.length === 0)
    throw invalidInput("the folder contains no files", "choose a folder with an app.py");
  if (kept.length > FILES_MAX)
    throw invalidInput(
      `the source has more than ${FILES_MAX} files`,
      "remove files that the function does not need",
    );
  if (size > BYTES_MAX)
    throw invalidInput(
      "the source is larger than 64 MB",
      "remove files that the function does not need",
    );
  const only = kept.length === 1 ? kept[0] : undefined;
  const about = { files: kept.length, size };
  if (only && /\.zip$/i.test(only.path)) {
    const manifest = await manifestIn(new Uint8Array(await only.file.arrayBuffer()));
    return {
      ...about,
      upload: { kind: "zip", content: only.file },
      label: only.path,
      manifest,
      name: nameOf(only.path),
    };
  }
  if (only && !only.path.includes("/") && only.path.endsWith(".py")) {
    return {
      ...about,
      upload: { kind: "file", content: only.file },
      label: only.path,
      manifest: undefined,
      name: nameOf(only.path),
    };
  }
  return { ...about, ...(await folder(kept)) };
}

async function folder(
  kept: readonly FoundFile[],
): Promise<Pick<Source, "upload" | "label" | "manifest" | "name">> {
  const root = commonRoot(kept.map(({ path }) => path));
  const contents: AsyncZippable = {};
  for (const { path, file } of kept) {
    contents[path.slice(root.length)] = new Uint8Array(await file.arrayBuffer());
  }
  const manifest = contents[MANIFEST];
  return {
    upload: {
      kind: "zip",
      content: new Blob([await zipped(contents)], { type: "application/zip" }),
    },
    label: root === "" ? `${kept.length} files` : root.slice(0, -1),
    manifest: manifest instanceof Uint8Array ? new TextDecoder().decode(manifest) : undefined,
    name: nameOf(root.slice(0, -1)),
  };
}

/** The common prefix of all paths: `site/` for `site/app.py` and `site/lib/x.py`. */
export function commonRoot(paths: readonly string[]): string {
  const first = paths[0] ?? "";
  const root = first.slice(0, first.indexOf("/") + 1);
  return root !== "" && paths.every((path) => path.startsWith(root)) ? root : "";
}

/** The closest valid name; empty if no character is valid. */
export function nameOf(path: string): string {
  const base = (path.split("/").at(-1) ?? "").replace(/\.(zip|py)$/i, "");
  return base
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
}

function zipped(contents: AsyncZippable): Promise<Uint8Array<ArrayBuffer>> {
  // A fixed time gives the same zip for the same files.
  const options = { level: 6, mtime: new Date("1980-01-02T00:00:00Z"), consume: false } as const;
  return new Promise((resolve, reject) => {
    zip(contents, options, (error, data) =>
      error ? reject(error) : resolve(new Uint8Array(data)),
    );
  });
}

function manifestIn(archive: Uint8Array): Promise<string | undefined> {
  const wanted = (name: string) => name === MANIFEST || /^[^/]+\/function\.json$/.test(name);
  return new Promise((resolve, reject) => {
    const filter = ({ name, originalSize }: { name: string; originalSize: number }) =>
      wanted(name) && originalSize <= 1024 * 1024;
    unzip(archive, { filter }, (error, entries) => {
      if (error) {
        reject(invalidInput("the file is not a readable zip", "create it again"));
        return;
      }
      const name = MANIFEST in entries ? MANIFEST : Object.keys(entries)[0];
      const content = name === undefined ? undefined : entries[name];
      resolve(content && new TextDecoder().decode(content));
    });
  });
}

function invalidInput(why: string, fix: string): ApiProblem {
  return new ApiProblem(why, 0, "invalid-input", fix);
}

/** All files below the dropped items; stops above the limit, which `sourceOf` then rejects. */
export async function dropped(items: DataTransferItemList): Promise<FoundFile[]> {
  const entries = [...items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  const found: FoundFile[] = [];
  for (const entry of entries) await collect(entry, entry.name, found);
  return found;
}

export function chosen(list: FileList): FoundFile[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function collect(entry: FileSystemEntry, path: string, found: FoundFile[]): Promise<void> {
  if (found.length > FILES_MAX || LEFT_OUT.test(path)) return;
  if (isFile(entry)) {
    found.push({
      path,
      file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)),
    });
  } else if (isDirectory(entry)) {
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
        reader.readEntries(resolve, reject),
      );
      if (some.length === 0) return;
      for (const each of some) await collect(each, `${path}/${each.name}`, found);
    }
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
