// An action on a function: shown at once, taken back where the platform refuses, and then said so.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { asProblem } from "../api/problem";
import { keyOf, refOf, type Func } from "../api/types";
import { toasts } from "../components/toasts";
import { replaceFunction } from "./functionList";
import { FUNCTIONS } from "./LiveProvider";

/** Milliseconds after which the list is asked for again, in case its events do not come. */
const LOOK_AGAIN = 1_500;

export interface Action<Input> {
  run: (input: Input) => Promise<Func>;
  /** The function as it will be; without it, nothing is shown before the answer. */
  foresee?: (fn: Func, input: Input) => Func;
  /** What is said when it worked. */
  said: (fn: Func, input: Input) => string;
}

export function useAction<Input = void>(fn: Func, { run, foresee, said }: Action<Input>) {
  const client = useQueryClient();
  const about = keyOf(refOf(fn));
  const edit = (change: (list: Func[]) => Func[]) =>
    client.setQueryData<Func[]>(FUNCTIONS, (list) => change(list ?? []));
  return useMutation({
    mutationKey: ["action", about],
    mutationFn: run,
    onMutate: (input) => {
      const foreseen = foresee?.(fn, input);
      if (foreseen !== undefined) edit((list) => swap(list, fn, foreseen));
      return { before: fn, foreseen };
    },
    onSuccess: (answer, input) => {
      edit((list) => replaceFunction(list, answer));
      toasts.add({ severity: "success", message: said(answer, input), about });
    },
    onError: (error, _input, context) => {
      const { before, foreseen } = context ?? {};
      if (before && foreseen) edit((list) => swap(list, foreseen, before));
      toasts.addProblem(asProblem(error), about);
    },
    onSettled: () => {
      setTimeout(() => void client.invalidateQueries({ queryKey: FUNCTIONS }), LOOK_AGAIN);
    },
  });
}

/** Only what this action itself put there is taken back; what the platform told since stays. */
function swap(list: Func[], from: Func, to: Func): Func[] {
  return list.map((each) => (each === from ? to : each));
}
