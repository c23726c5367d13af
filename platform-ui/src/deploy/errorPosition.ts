// Finds the position of an error in the user's own files.

export interface SourcePosition {
  file: string;
  /** Starts at 1. */
  line: number;
}

/** Parses `app.py:3: text`, as reported by a build. */
export function positionInLine(line: string, files: readonly string[]): SourcePosition | null {
  const match = /^([^:\n]+):(\d+)(?::|$)/.exec(line);
  return match === null ? null : known(match[1] ?? "", Number(match[2]), files);
}

/** Parses a Python traceback: the last frame in one of the files. */
export function positionInTraceback(text: string, files: readonly string[]): SourcePosition | null {
  const frames = [...text.matchAll(/File "([^"]+)", line (\d+)/g)];
  for (const [, path = "", line] of frames.reverse()) {
    const position = known(path, Number(line), files);
    if (position !== null) return position;
  }
  return null;
}

function known(path: string, line: number, files: readonly string[]): SourcePosition | null {
  const file = files.find((each) => path === each || path.endsWith(`/code/${each}`));
  return file === undefined || line < 1 ? null : { file, line };
}
