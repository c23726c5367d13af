// The token of this tab: in memory, and in session storage only if the user chose to survive a
// reload. Never in the URL, never in storage shared with other tabs.

const KEY = "plat.token";

type Listener = () => void;

export class TokenHolder {
  private token: string | null;
  private ended: string | null = null;
  private readonly listeners = new Set<Listener>();

  constructor(private readonly storage: Storage | null) {
    this.token = storage?.getItem(KEY) ?? null;
  }

  readonly get = (): string | null => this.token;

  /** Whether the token survives a reload. */
  readonly isKept = (): boolean => this.storage?.getItem(KEY) != null;

  /** Why the platform ended the last session, if it did. */
  readonly reason = (): string | null => this.ended;

  set(token: string, keep: boolean): void {
    if (keep) this.storage?.setItem(KEY, token);
    else this.storage?.removeItem(KEY);
    this.token = token;
    this.ended = null;
    this.announce();
  }

  clear(reason: string | null = null): void {
    this.storage?.removeItem(KEY);
    this.token = null;
    this.ended = reason;
    this.announce();
  }

  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private announce(): void {
    for (const listener of this.listeners) listener();
  }
}

export const session = new TokenHolder(
  typeof sessionStorage === "undefined" ? null : sessionStorage,
);
