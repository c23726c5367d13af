// The place that an error names, where it is in the user's own files.

export interface Place {
  file: string;
  /** Counted from 1. */
  line: number;
}

/** Of `app.py:3: text`, as a build says it. */
export function placeOfLine(line: string, files: readonly string[]): Place | null {
  const match = /^([^:\n]+):(\d+)(?::|$)/.exec(line);
  return match === null ? null : known(match[1] ?? "", Number(match[2]), files);
}

/** Of a Python traceback: the last frame that is in one of the files. */
export function placeOfTraceback(text: string, files: readonly string[]): Place | null {
  const frames = [...text.matchAll(/File "([^"]+)", line (\d+)/g)];
  for (const [, path = "", line] of frames.reverse()) {
    const place = known(path, Number(line), files);
    if (place !== null) return place;
  }
  return null;
}

function known(path: string, line: number, files: readonly string[]): Place | null {
  const file = files.find((each) => path === each || path.endsWith(`/code/${each}`));
  return file === undefined || line < 1 ? null : { file, line };
}
