// Follows the platform's events, reconnects, and reports the connection state.
import { stream } from "../api/client";
import { asProblem, isAbort } from "../api/problem";
import { serverEvents, type ServerEvent } from "../api/sse";
import type { Func } from "../api/types";
import type { FunctionEvent } from "./functionList";

export type LinkState = "connecting" | "live" | "offline";

export interface Listener {
  onOpen: () => void;
  onEvents: (events: FunctionEvent[]) => void;
  onState: (state: LinkState) => void;
}

/** Milliseconds of silence after which the connection counts as lost; keep-alives come every 15 s. */
const SILENCE = 40_000;
const RETRY_FIRST = 500;
const RETRY_MAX = 8_000;
/** Milliseconds for which events are collected, so that 500 of them are one update of the page. */
const GATHER = 40;

/** Follows events until aborted; returns early if the session has ended. */
export async function followEvents(listener: Listener, signal: AbortSignal): Promise<void> {
  let pause = RETRY_FIRST;
  const left = () => signal.aborted;
  while (!left()) {
    try {
      await connected(listener, signal, () => (pause = RETRY_FIRST));
    } catch (error) {
      if (!isAbort(error) && asProblem(error).status === 401) return;
      if (!left()) listener.onState("offline");
    }
    await rest(pause, signal);
    pause = Math.min(pause * 2, RETRY_MAX);
  }
}

async function connected(
  listener: Listener,
  signal: AbortSignal,
  opened: () => void,
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE);
  };
  const batch = new Batch(listener.onEvents);
  try {
    const response = await stream("/events", {
      headers: { Accept: "text/event-stream" },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    opened();
    listener.onState("live");
    listener.onOpen();
    if (response.body === null) return;
    for await (const event of serverEvents(response.body, alive)) batch.add(event);
  } finally {
    clearTimeout(timer);
    batch.flush();
  }
}

class Batch {
  private events: FunctionEvent[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly deliver: (events: FunctionEvent[]) => void) {}

  add({ event, data }: ServerEvent): void {
    if (event !== "created" && event !== "changed" && event !== "deleted") return;
    this.events.push({ kind: event, fn: JSON.parse(data) as Func });
    this.timer ??= setTimeout(() => this.flush(), GATHER);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const events = this.events;
    this.events = [];
    if (events.length > 0) this.deliver(events);
  }
}

/** Waits for the delay, or until the network is back. */
function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}
