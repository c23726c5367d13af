// The growing log of a function; restarts when the query changes.
import { useEffect, useState } from "react";
import { asProblem, isAbort, type ApiProblem } from "../api/problem";
import { readLogs, type LogLine, type LogQuery } from "../api/logs";
import type { Ref } from "../api/types";
import type { LinkState } from "../live/eventStream";
import { appended, type NumberedLine } from "./logBuffer";

const TAIL = 1_000;
/** Milliseconds for which lines are collected before the page updates. */
const GATHER = 60;

interface Heard {
  /** The query of these lines; lines of another query are not shown. */
  asked: string;
  lines: readonly NumberedLine[];
  problem: ApiProblem | null;
  isOpen: boolean;
}

export function useLogs(ref: Ref, follow: boolean, call: string, link: LinkState): Heard {
  const { name, namespace } = ref;
  const asked = JSON.stringify([namespace, name, follow, call]);
  const nothing: Heard = { asked, lines: [], problem: null, isOpen: true };
  const [heard, setHeard] = useState(nothing);
  const isReachable = link !== "offline";
  useEffect(() => {
    if (!isReachable) return;
    const leave = new AbortController();
    const query = { tail: TAIL, follow, call };
    void listen({ name, namespace }, query, leave.signal, (next) => {
      if (!leave.signal.aborted) setHeard({ asked, ...next });
    });
    return () => leave.abort();
  }, [asked, name, namespace, follow, call, isReachable]);
  return heard.asked === asked ? heard : nothing;
}

type Tell = (heard: Omit<Heard, "asked">) => void;

async function listen(ref: Ref, query: LogQuery, signal: AbortSignal, tell: Tell): Promise<void> {
  let lines: readonly NumberedLine[] = [];
  let problem: ApiProblem | null = null;
  let fresh: LogLine[] = [];
  const flush = (isOpen: boolean) => {
    if (isOpen && fresh.length === 0) return;
    lines = appended(lines, fresh);
    fresh = [];
    tell({ lines, problem, isOpen });
  };
  const timer = setInterval(() => flush(true), GATHER);
  try {
    for await (const line of readLogs(ref, query, signal)) fresh.push(line);
  } catch (error) {
    if (!isAbort(error)) problem = asProblem(error);
  } finally {
    clearInterval(timer);
    flush(false);
  }
}
