// An action on a function, shown optimistically and reverted if the platform rejects it.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { asProblem } from "../api/problem";
import { keyOf, refOf, type Func } from "../api/types";
import { toasts } from "../components/toasts";
import { replaceFunction } from "./functionList";
import { FUNCTIONS } from "./LiveProvider";

/** Milliseconds after which the list is fetched again, in case an event is lost. */
const REFETCH_DELAY = 1_500;

export interface Action<Input> {
  run: (input: Input) => Promise<Func>;
  /** The expected function; without it, nothing changes before the response. */
  predict?: (fn: Func, input: Input) => Func;
  /** The message after success. */
  successMessage: (fn: Func, input: Input) => string;
}

export function useAction<Input = void>(fn: Func, { run, predict, successMessage }: Action<Input>) {
  const client = useQueryClient();
  const about = keyOf(refOf(fn));
  const edit = (change: (list: Func[]) => Func[]) =>
    client.setQueryData<Func[]>(FUNCTIONS, (list) => change(list ?? []));
  return useMutation({
    mutationKey: ["action", about],
    mutationFn: run,
    onMutate: (input) => {
      const predicted = predict?.(fn, input);
      if (predicted !== undefined) edit((list) => swap(list, fn, predicted));
      return { before: fn, predicted };
    },
    onSuccess: (result, input) => {
      edit((list) => replaceFunction(list, result));
      toasts.add({ severity: "success", message: successMessage(result, input), about });
    },
    onError: (error, _input, context) => {
      const { before, predicted } = context ?? {};
      if (before && predicted) edit((list) => swap(list, predicted, before));
      toasts.addProblem(asProblem(error), about);
    },
    onSettled: () => {
      setTimeout(() => void client.invalidateQueries({ queryKey: FUNCTIONS }), REFETCH_DELAY);
    },
  });
}

/** Reverts only this action's own change; newer events are kept. */
function swap(list: Func[], from: Func, to: Func): Func[] {
  return list.map((each) => (each === from ? to : each));
}
