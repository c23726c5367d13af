// Keeps the console up to date: one event stream, one poll of the metrics.
import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, use, useCallback, useEffect, useState, type ReactNode } from "react";
import { listFunctions } from "../api/functions";
import { readMetrics } from "../api/prometheus";
import { stream } from "../api/client";
import { keyOf, refOf, type Func, type Ref } from "../api/types";
import { followEvents, type LinkState } from "./eventStream";
import { applyEvents, mergeList } from "./functionList";
import { addSamples, ratesOf, type RateHistory, type Rates, type Sample } from "./rates";

export const FUNCTIONS = ["functions"] as const;
const METRICS = ["metrics"] as const;
const POLL_INTERVAL = 5_000;
const FIRST_POLL = 1_500;

const Link = createContext<LinkState>("connecting");

const UNSEEN: readonly Sample[] = [];

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<LinkState>("connecting");
  useEffect(() => {
    const leave = new AbortController();
    const listener = {
      onOpen: () => void client.invalidateQueries(),
      onEvents: (events: Parameters<typeof applyEvents>[1]) =>
        client.setQueryData<Func[]>(FUNCTIONS, (list) => applyEvents(list ?? [], events)),
      onState: setState,
    };
    void followEvents(listener, leave.signal);
    return () => leave.abort();
  }, [client]);
  useSamples();
  return <Link value={state}>{children}</Link>;
}

export function useLink(): LinkState {
  return use(Link);
}

export function useFunctions() {
  const client = useQueryClient();
  return useQuery({
    queryKey: FUNCTIONS,
    queryFn: ({ signal }) => fetchList(client, signal),
    staleTime: Infinity,
    structuralSharing: false,
  });
}

async function fetchList(client: QueryClient, signal: AbortSignal): Promise<Func[]> {
  const before = client.getQueryData<Func[]>(FUNCTIONS) ?? [];
  const fetched = await listFunctions(signal);
  return mergeList(fetched, before, client.getQueryData<Func[]>(FUNCTIONS) ?? []);
}

/** One function of the list; undefined if it does not exist. */
export function useFunction(ref: Ref) {
  const { data, isPending, error } = useFunctions();
  const fn = data?.find((each) => keyOf(refOf(each)) === keyOf(ref));
  return { fn, isPending, error };
}

function useSamples() {
  const client = useQueryClient();
  return useQuery<RateHistory>({
    queryKey: METRICS,
    queryFn: async ({ signal }) => {
      const text = await (await stream("/metrics", { signal })).text();
      return addSamples(client.getQueryData<RateHistory>(METRICS), readMetrics(text), Date.now());
    },
    structuralSharing: false,
    refetchInterval: ({ state }) => (state.dataUpdateCount < 2 ? FIRST_POLL : POLL_INTERVAL),
  });
}

/** The rates of each function, by its key. */
export function useRates(): (ref: Ref) => Rates {
  const { data } = useSamples();
  return useCallback((ref: Ref) => ratesOf(data?.of.get(keyOf(ref)) ?? UNSEEN), [data]);
}
