// The last calls of each function, for as long as the tab is open; bounded in number and size.
import { keyOf, type Ref } from "../api/types";
import type { Draft } from "./call";

export interface Past {
  time: number;
  draft: Draft;
  status: number;
  milliseconds: number;
  callId: string;
}

const MAX = 20;
const BODY_MAX = 64 * 1024;

export class CallHistory {
  constructor(private readonly storage: Storage) {}

  of(ref: Ref): Past[] {
    const text = this.storage.getItem(entry(ref));
    return text === null ? [] : (JSON.parse(text) as Past[]);
  }

  /** A token that was typed into a header is no part of what is kept. */
  add(ref: Ref, past: Past): Past[] {
    const headers = past.draft.headers.filter(([name]) => !/^(authorization|cookie)$/i.test(name));
    const body = past.draft.body.slice(0, BODY_MAX);
    const kept = [{ ...past, draft: { ...past.draft, headers, body } }, ...this.of(ref)].slice(
      0,
      MAX,
    );
    this.storage.setItem(entry(ref), JSON.stringify(kept));
    return kept;
  }
}

function entry(ref: Ref): string {
  return `plat.calls.${keyOf(ref)}`;
}
