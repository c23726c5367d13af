// The state of a running deploy: its lines, its outcome, and the position of an error.
import { useEffect, useRef, useState } from "react";
import { asProblem } from "../api/problem";
import type { Func, Ref } from "../api/types";
import { phaseOf } from "../live/phase";
import { parseFieldError, findFieldError, type SourceFieldError } from "./git";
import { positionInLine, positionInTraceback, type SourcePosition } from "./errorPosition";
import { deploy, type Outcome, type Plan } from "./run";

const LINES_MAX = 2_000;

export type ErrorPosition = SourcePosition & { message: string };

export function useDeploy(files: readonly string[]) {
  const [lines, setLines] = useState<readonly string[]>([]);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [errorPosition, setErrorPosition] = useState<ErrorPosition | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const start = async (
    ref: Ref,
    before: Func | undefined,
    plan: () => Pick<Plan, "code" | "settings">,
    onErrorPosition: (file: string) => void,
  ) => {
    const control = new AbortController();
    running.current = control;
    setLines([]);
    setErrorPosition(null);
    const onOutcome = (next: Outcome) => {
      setOutcome(next);
      const found = errorPositionOf(next, files);
      setErrorPosition(found);
      if (found !== null) onErrorPosition(found.file);
    };
    const onLine = (text: string) => setLines((known) => [...known, text].slice(-LINES_MAX));
    try {
      await deploy({ ref, before, ...plan() }, { onLine, onOutcome }, control.signal);
    } catch (error) {
      onOutcome({ kind: "rejected", problem: asProblem(error) });
    }
  };
  return {
    lines,
    outcome,
    errorPosition,
    fieldError: outcome && fieldErrorOf(outcome),
    isRunning: outcome?.kind === "running",
    start,
    leave: () => running.current?.abort(),
  };
}

function errorPositionOf(outcome: Outcome, files: readonly string[]): ErrorPosition | null {
  if (outcome.kind === "build-failed") {
    const { line, message } = outcome.failure;
    const position = positionInLine(line, files);
    return position && { ...position, message };
  }
  if (outcome.kind === "failed") {
    const { message } = phaseOf(outcome.fn);
    const position = positionInTraceback(message, files);
    return position && { ...position, message: message.split("\n")[0] ?? message };
  }
  return null;
}

function fieldErrorOf(outcome: Outcome): SourceFieldError | null {
  if (outcome.kind === "build-failed") {
    const { message, line } = outcome.failure;
    return parseFieldError(`${message} (line: ${line})`);
  }
  if (outcome.kind === "rejected") return findFieldError(outcome.problem.errors);
  return outcome.kind === "failed" ? parseFieldError(phaseOf(outcome.fn).message) : null;
}
