// What the console says about an action: one list for all pages, newest last, bounded.
import type { ApiProblem } from "../api/problem";

export interface Toast {
  id: number;
  severity: "success" | "info" | "error";
  message: string;
  fix?: string;
  callId?: string;
}

const MAX = 3;

class Toasts {
  private list: readonly Toast[] = [];
  private next = 1;
  private readonly listeners = new Set<() => void>();

  readonly get = (): readonly Toast[] => this.list;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  add(toast: Omit<Toast, "id">): void {
    this.change([...this.list, { ...toast, id: this.next++ }].slice(-MAX));
  }

  addProblem({ message, fix, callId }: ApiProblem): void {
    this.add({ severity: "error", message, fix, callId });
  }

  remove(id: number): void {
    this.change(this.list.filter((toast) => toast.id !== id));
  }

  private change(list: readonly Toast[]): void {
    this.list = list;
    for (const listener of this.listeners) listener();
  }
}

export const toasts = new Toasts();
