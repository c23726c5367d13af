// A running deploy as the page sees it: its lines, its outcome, and the guilty line.
import { useEffect, useRef, useState } from "react";
import { asProblem } from "../api/problem";
import type { Func, Ref } from "../api/types";
import { phaseOf } from "../live/phase";
import { guiltyField, refusedField, type GuiltyField } from "./git";
import { placeOfLine, placeOfTraceback, type Place } from "./guilty";
import { deploy, type Outcome, type Plan } from "./run";

const LINES_MAX = 2_000;

export type Guilty = Place & { message: string };

export function useDeploy(files: readonly string[]) {
  const [lines, setLines] = useState<readonly string[]>([]);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [guilty, setGuilty] = useState<Guilty | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const start = async (
    ref: Ref,
    before: Func | undefined,
    plan: () => Pick<Plan, "made" | "settings">,
    onGuilty: (file: string) => void,
  ) => {
    const control = new AbortController();
    running.current = control;
    setLines([]);
    setGuilty(null);
    const onOutcome = (next: Outcome) => {
      setOutcome(next);
      const found = guiltyOf(next, files);
      setGuilty(found);
      if (found !== null) onGuilty(found.file);
    };
    const onLine = (text: string) => setLines((known) => [...known, text].slice(-LINES_MAX));
    try {
      await deploy({ ref, before, ...plan() }, { onLine, onOutcome }, control.signal);
    } catch (error) {
      onOutcome({ kind: "refused", problem: asProblem(error) });
    }
  };
  return {
    lines,
    outcome,
    guilty,
    guiltyField: outcome && guiltyFieldOf(outcome),
    isRunning: outcome?.kind === "running",
    start,
    leave: () => running.current?.abort(),
  };
}

function guiltyOf(outcome: Outcome, files: readonly string[]): Guilty | null {
  if (outcome.kind === "build-failed") {
    const { line, message } = outcome.failure;
    const place = placeOfLine(line, files);
    return place && { ...place, message };
  }
  if (outcome.kind === "failed") {
    const { message } = phaseOf(outcome.fn);
    const place = placeOfTraceback(message, files);
    return place && { ...place, message: message.split("\n")[0] ?? message };
  }
  return null;
}

function guiltyFieldOf(outcome: Outcome): GuiltyField | null {
  if (outcome.kind === "build-failed") {
    const { message, line } = outcome.failure;
    return guiltyField(`${message} (line: ${line})`);
  }
  if (outcome.kind === "refused") return refusedField(outcome.problem.errors);
  return outcome.kind === "failed" ? guiltyField(phaseOf(outcome.fn).message) : null;
}
