// A git source as form fields and as spec fields.
import type { FieldProblem } from "../api/problem";
import type { FunctionSpec } from "../api/types";

export type GitField = "url" | "ref" | "path";
export type GitDraft = Readonly<Record<GitField | "runtime", string>>;

/** Initial form fields: the function's current git source, if it has one. */
export function gitDraftOf(spec: FunctionSpec | undefined): GitDraft {
  const git = spec?.source?.git;
  if (git == null) return { url: "", ref: "", path: "", runtime: "" };
  const { url, ref, path } = git;
  return { url, ref: ref === "HEAD" ? "" : ref, path: path ?? "", runtime: spec?.runtime ?? "" };
}

/** The spec fields that name the repository, instead of an image. */
export function gitOrigin(draft: GitDraft): Partial<FunctionSpec> {
  const git = {
    url: draft.url.trim(),
    ref: draft.ref.trim() || "HEAD",
    path: draft.path.trim() || null,
  };
  return {
    image: null,
    source: { git, inline: null, archive: null },
    runtime: draft.runtime || null,
    handler: null,
  };
}

export interface SourceFieldError {
  field: GitField;
  message: string;
}

/** Parses `… (line: source.git.ref: nowhere)`, as reported by the build of a source. */
export function parseFieldError(message: string): SourceFieldError | null {
  const match = /^(.*) \(line: source\.git\.(url|ref|path)\b/s.exec(message);
  return match && { field: match[2] as GitField, message: match[1] ?? message };
}

/** Finds the field of a validation error; its path ends with `git.url`, `git.ref` or `git.path`. */
export function findFieldError(errors: readonly FieldProblem[]): SourceFieldError | null {
  for (const { field, message } of errors) {
    const match = /(?:^|\.)git\.(url|ref|path)$/.exec(field);
    if (match) return { field: match[1] as GitField, message };
  }
  return null;
}
