// The current replicas, and the scale settings.
import { Box, Chip, Typography } from "@mui/material";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { listReplicas } from "../api/functions";
import { asProblem } from "../api/problem";
import { keyOf, refOf, type Func, type Replica } from "../api/types";
import { Ago } from "../components/Ago";
import { Code } from "../components/Code";
import { ProblemAlert } from "../components/ProblemAlert";
import { Section } from "../components/Section";
import { useNow } from "../components/useNow";
import { ScaleForm } from "./ScaleForm";

const POLL_INTERVAL = 3_000;

export default function ReplicasTab({ fn }: { fn: Func }) {
  const ref = refOf(fn);
  const now = useNow(1_000);
  const { data, error } = useQuery({
    queryKey: ["replicas", keyOf(ref), fn.metadata.resourceVersion],
    queryFn: ({ signal }) => listReplicas(ref, signal),
    refetchInterval: POLL_INTERVAL,
    placeholderData: keepPreviousData,
  });
  return (
    <Box
      sx={{
        display: "grid",
        gap: 2,
        gridTemplateColumns: { xs: "minmax(0, 1fr)", md: "minmax(0, 2fr) minmax(0, 1fr)" },
        alignItems: "start",
      }}
    >
      <Section title="Replicas">
        {error !== null && data === undefined && <ProblemAlert problem={asProblem(error)} />}
        {data?.length === 0 && <Typography color="textSecondary">{whyNone(fn)}</Typography>}
        <Box
          component="ul"
          aria-label="Replicas"
          sx={{ listStyle: "none", p: 0, m: 0, display: "grid", gap: 1.5 }}
        >
          {data?.map((replica) => (
            <ReplicaItem key={replica.id} replica={replica} now={now} />
          ))}
        </Box>
      </Section>
      <ScaleForm fn={fn} key={fn.metadata.generation} />
    </Box>
  );
}

function whyNone(fn: Func): string {
  if (fn.spec.suspend) return "The function is stopped. Start it to get replicas.";
  return fn.spec.scale.min === 0
    ? "The function is idle. The next call starts a replica."
    : "No replicas yet.";
}

const COLOURS: Readonly<Record<Replica["state"], "success" | "warning" | "error" | "default">> = {
  ready: "success",
  starting: "warning",
  unready: "error",
  waiting: "error",
  stopping: "default",
  paused: "default",
};

function ReplicaItem({ replica, now }: { replica: Replica; now: number }) {
  const { id, revision, state, since, restarts, failure } = replica;
  return (
    <Box component="li" sx={{ minWidth: 0 }}>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, alignItems: "center" }}>
        <Chip size="small" label={state} color={COLOURS[state]} variant="outlined" />
        <Typography sx={{ fontWeight: 600, overflowWrap: "anywhere" }}>{id}</Typography>
        <Typography variant="body2" color="textSecondary">
          {revision} · <Ago at={since} now={now} />
          {restarts > 0 && ` · ${restarts} restarts`}
        </Typography>
      </Box>
      {failure != null && (
        <Box sx={{ mt: 1 }}>
          <Code label={`Why ${id} is not ready`}>
            {[`${failure.reason}: ${failure.message}`, failure.log].filter(Boolean).join("\n")}
          </Code>
        </Box>
      )}
    </Box>
  );
}
