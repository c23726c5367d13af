// Asynchronous calls: state, attempts and results.
import { Alert, Box, Button, Chip, Link, Typography } from "@mui/material";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Link as RouterLink } from "react-router";
import { cancelCall, listCalls, readResult } from "../api/calls";
import { asProblem } from "../api/problem";
import { keyOf, refOf, type Call, type Func, type Ref } from "../api/types";
import { ActionButton } from "../components/ActionButton";
import { Ago } from "../components/Ago";
import { duration } from "../components/ago";
import { Facts } from "../components/Facts";
import { Loading } from "../components/Loading";
import { ProblemAlert } from "../components/ProblemAlert";
import { Section } from "../components/Section";
import { toasts } from "../components/toasts";
import { useNow } from "../components/useNow";
import { BodyView } from "./BodyView";

/** Polling intervals in milliseconds: with unfinished calls, and without. */
const [SOON, LATER] = [1_000, 5_000];

const COLOURS: Readonly<Record<Call["state"], "default" | "info" | "success" | "error">> = {
  queued: "default",
  running: "info",
  succeeded: "success",
  failed: "error",
  cancelled: "default",
};

const isOpen = ({ state }: Call) => state === "queued" || state === "running";

export default function CallsTab({ fn }: { fn: Func }) {
  const ref = refOf(fn);
  const { data, error, isPending } = useQuery({
    queryKey: ["calls", keyOf(ref)],
    queryFn: ({ signal }) => listCalls(ref, signal),
    refetchInterval: ({ state }) => (state.data?.some(isOpen) === true ? SOON : LATER),
  });
  return (
    <Section title="Asynchronous calls">
      {isPending && <Loading height={120} />}
      {error !== null && <ProblemAlert problem={asProblem(error)} />}
      {data?.length === 0 && (
        <Typography color="textSecondary">
          No calls yet. Send one to /async-function/{ref.name}, or{" "}
          <Link
            component={RouterLink}
            to={`/functions/${ref.namespace}/${ref.name}/invoke`}
            underline="always"
          >
            under Invoke
          </Link>{" "}
          with “Async”.
        </Typography>
      )}
      <Box
        component="ul"
        aria-label="Calls"
        sx={{ listStyle: "none", p: 0, m: 0, display: "grid", gap: 1 }}
      >
        {data?.map((call) => (
          <CallItem key={call.id} call={call} reference={ref} />
        ))}
      </Box>
    </Section>
  );
}

function CallItem({ call, reference }: { call: Call; reference: Ref }) {
  const now = useNow();
  const id = useId();
  const [isShown, setShown] = useState(false);
  const { method, path, state, attempts, created } = call;
  return (
    <Box
      component="li"
      sx={{
        minWidth: 0,
        borderBottom: 1,
        borderColor: "divider",
        pb: 1,
        "&:last-of-type": { borderBottom: 0, pb: 0 },
      }}
    >
      <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1 }}>
        <Chip
          size="small"
          variant="outlined"
          label={state}
          color={COLOURS[state]}
          sx={{ minWidth: 88 }}
        />
        <Typography sx={{ flexGrow: 1, minWidth: 0, overflowWrap: "anywhere" }}>
          {method} {path}
        </Typography>
        <Typography variant="body2" color="textSecondary">
          {attempts === 1 ? "1 attempt" : `${attempts} attempts`} · <Ago at={created} now={now} />
        </Typography>
        {state === "queued" && <Cancel call={call} reference={reference} />}
        <Button
          size="small"
          aria-expanded={isShown}
          aria-controls={id}
          aria-label={`${isShown ? "Hide" : "Show"} the call ${call.id}`}
          onClick={() => setShown(!isShown)}
        >
          {isShown ? "Hide" : "Show"}
        </Button>
      </Box>
      <Box id={id} sx={{ mt: isShown ? 1 : 0, display: "grid", gap: 1.5 }}>
        {isShown && <Details call={call} reference={reference} />}
      </Box>
    </Box>
  );
}

function Cancel({ call, reference }: { call: Call; reference: Ref }) {
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => cancelCall(call.id),
    onError: (error) => toasts.addProblem(asProblem(error)),
    onSettled: () => client.invalidateQueries({ queryKey: ["calls", keyOf(reference)] }),
  });
  return (
    <ActionButton size="small" loading={cancel.isPending} onClick={() => cancel.mutate()}>
      Cancel
    </ActionButton>
  );
}

function Details({ call, reference }: { call: Call; reference: Ref }) {
  const { id, status, trouble, due, started, finished, truncated } = call;
  const took =
    started != null && finished != null ? Date.parse(finished) - Date.parse(started) : null;
  return (
    <>
      <Facts
        items={[
          [
            "Call id",
            <Link
              key="id"
              component={RouterLink}
              to={`/functions/${reference.namespace}/${reference.name}/logs?call=${id}`}
            >
              {id}
            </Link>,
          ],
          ...(status == null ? [] : [["Status", String(status)] as const]),
          ...(took === null ? [] : [["Took", duration(took / 1000)] as const]),
          ...(due == null ? [] : [["Next attempt", new Date(due).toLocaleTimeString()] as const]),
        ]}
      />
      {trouble != null && (
        <Alert severity={isOpen(call) ? "warning" : "error"}>
          {trouble.message} <code>{trouble.code}</code>
        </Alert>
      )}
      {status != null && !isOpen(call) && <Result id={id} />}
      {truncated && (
        <Alert severity="info">The response exceeded the stored size and was cut.</Alert>
      )}
    </>
  );
}

function Result({ id }: { id: string }) {
  const { data, error, isPending } = useQuery({
    queryKey: ["result", id],
    queryFn: ({ signal }) => readResult(id, signal),
    staleTime: Infinity,
    gcTime: 0,
  });
  if (isPending) return <Loading height={60} />;
  if (error !== null) return <ProblemAlert problem={asProblem(error)} />;
  return <BodyView {...data} isWhole />;
}
