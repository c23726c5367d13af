// The last calls of each function, bounded in number and size: in memory, and in session storage
// while the user stays signed in.
import { keyOf, type Ref } from "../api/types";
import type { Draft } from "./call";

export interface Past {
  time: number;
  draft: Draft;
  status: number;
  milliseconds: number;
  callId: string;
}

const PREFIX = "plat.calls.";
const MAX = 20;
const BODY_MAX = 64 * 1024;

export class CallHistory {
  private readonly calls = new Map<string, Past[]>();

  constructor(
    private readonly storage: Storage,
    private readonly isKept: () => boolean,
  ) {}

  of(ref: Ref): Past[] {
    const known = this.calls.get(entry(ref));
    if (known !== undefined) return known;
    const text = this.storage.getItem(entry(ref));
    return text === null ? [] : (JSON.parse(text) as Past[]);
  }

  /** Leaves out a token entered as a header. */
  add(ref: Ref, past: Past): Past[] {
    const headers = past.draft.headers.filter(([name]) => !/^(authorization|cookie)$/i.test(name));
    const body = past.draft.body.slice(0, BODY_MAX);
    const kept = [{ ...past, draft: { ...past.draft, headers, body } }, ...this.of(ref)].slice(
      0,
      MAX,
    );
    this.calls.set(entry(ref), kept);
    if (this.isKept()) this.storage.setItem(entry(ref), JSON.stringify(kept));
    return kept;
  }

  /** Removes all entries, before another user signs in. */
  clear(): void {
    const keys = Array.from({ length: this.storage.length }, (_, i) => this.storage.key(i) ?? "");
    for (const key of keys) if (key.startsWith(PREFIX)) this.storage.removeItem(key);
    this.calls.clear();
  }
}

function entry(ref: Ref): string {
  return PREFIX + keyOf(ref);
}
