// A git source as a form holds it, and as a spec has it.
import type { FieldProblem } from "../api/problem";
import type { FunctionSpec } from "../api/types";

export type GitField = "url" | "ref" | "path";
export type GitDraft = Readonly<Record<GitField | "runtime", string>>;

/** What the form begins with: what the function is made of already, where that is a repository. */
export function gitDraftOf(spec: FunctionSpec | undefined): GitDraft {
  const git = spec?.source?.git;
  if (git == null) return { url: "", ref: "", path: "", runtime: "" };
  const { url, ref, path } = git;
  return { url, ref: ref === "HEAD" ? "" : ref, path: path ?? "", runtime: spec?.runtime ?? "" };
}

/** The spec fields that say where the code is, instead of an image. */
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

export interface GuiltyField {
  field: GitField;
  message: string;
}

/** Of `… (line: source.git.ref: nowhere)`, as a build of a source says it. */
export function guiltyField(message: string): GuiltyField | null {
  const match = /^(.*) \(line: source\.git\.(url|ref|path)\b/s.exec(message);
  return match && { field: match[2] as GitField, message: match[1] ?? message };
}

/** Of what was refused before anything was fetched; a field is `git.url`, or below `spec.source`. */
export function refusedField(errors: readonly FieldProblem[]): GuiltyField | null {
  for (const { field, message } of errors) {
    const match = /(?:^|\.)git\.(url|ref|path)$/.exec(field);
    if (match) return { field: match[1] as GitField, message };
  }
  return null;
}
