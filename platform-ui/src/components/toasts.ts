// Notifications about actions: one bounded list for all pages, newest last.
import type { ApiProblem } from "../api/problem";

export interface Toast {
  id: number;
  severity: "success" | "info" | "error";
  message: string;
  fix?: string;
  callId?: string;
  /** The object concerned: a success removes older errors about the same object. */
  about?: string;
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
    const isPast = ({ about, severity }: Toast) =>
      toast.severity === "success" && severity === "error" && about === toast.about;
    const list = toast.about === undefined ? this.list : this.list.filter((old) => !isPast(old));
    this.change([...list, { ...toast, id: this.next++ }].slice(-MAX));
  }

  addProblem({ message, fix, callId }: ApiProblem, about?: string): void {
    this.add({ severity: "error", message, fix, callId, ...(about !== undefined && { about }) });
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
