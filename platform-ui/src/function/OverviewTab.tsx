// The overview of a function: URL, load, conditions, source and revisions.
import { Alert, AlertTitle, Box, Button, Chip, Link, Typography } from "@mui/material";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link as RouterLink } from "react-router";
import { listRevisions } from "../api/functions";
import { keyOf, refOf, type Condition, type Func } from "../api/types";
import { Ago } from "../components/Ago";
import { duration, percent, perMinute } from "../components/ago";
import { CopyButton } from "../components/CopyButton";
import { Facts } from "../components/Facts";
import { Section } from "../components/Section";
import { Sparkline } from "../components/Sparkline";
import { useNow } from "../components/useNow";
import { useRates } from "../live/LiveProvider";
import { phaseOf, troubleOf } from "../live/phase";
import { MONO } from "../theme";
import { curlLine } from "./curl";

const COLUMNS = {
  display: "grid",
  gap: 2,
  gridTemplateColumns: { xs: "minmax(0, 1fr)", md: "repeat(2, minmax(0, 1fr))" },
  alignItems: "start",
} as const;

const COLUMN = { display: "grid", gap: 2, minWidth: 0 } as const;

export function OverviewTab({ fn }: { fn: Func }) {
  const now = useNow();
  const rates = useRates()(refOf(fn));
  const status = fn.status;
  const url = status?.url ?? "";
  const curl = curlLine({ method: "GET", url, headers: [], token: fn.spec.access === "token" });
  return (
    <>
      <Trouble fn={fn} />
      <Box sx={COLUMNS}>
        <Box sx={COLUMN}>
          <Section title="Call it" action={<CopyButton text={curl} label="Copy as curl" />}>
            <Link
              href={url}
              target="_blank"
              rel="noopener noreferrer"
              sx={{ overflowWrap: "anywhere" }}
            >
              {url}
            </Link>
            <Typography variant="body2" color="textSecondary" sx={{ mt: 1 }}>
              {fn.spec.access === "token"
                ? "Clients need the token, which a browser's address bar does not send. Invoke does."
                : "Anyone who can reach this address may call it."}
            </Typography>
          </Section>
          <Section title="Conditions">
            <Conditions fn={fn} now={now} />
          </Section>
          <Revisions fn={fn} now={now} />
        </Box>
        <Box sx={COLUMN}>
          <Section title="Load">
            <Facts
              items={[
                [
                  "Calls / min",
                  <Box key="calls" sx={{ display: "flex", gap: 1 }}>
                    {perMinute(rates.perMinute)} <Sparkline values={rates.spark} />
                  </Box>,
                ],
                ["Errors", percent(rates.errors)],
                ["p95", duration(rates.p95)],
                ["Replicas", `${status?.readyReplicas ?? 0} ready of ${status?.replicas ?? 0}`],
              ]}
            />
          </Section>
          <Section title="Source">
            <Facts
              items={[
                ["Runtime", fn.spec.runtime ?? "defined by the image"],
                ["Handler", fn.spec.handler ?? "default"],
                ...madeOf(fn),
                ["Deployed", <Ago key="deployed" at={status?.deployedAt} now={now} />],
                ["Created", <Ago key="created" at={fn.metadata.creationTimestamp} now={now} />],
              ]}
            />
          </Section>
        </Box>
      </Box>
    </>
  );
}

function madeOf({ spec }: Func): (readonly [string, ReactNode])[] {
  const { git, archive, inline } = spec.source ?? {};
  const from = git
    ? `${git.url} at ${git.ref}${git.path == null ? "" : `, ${git.path}`}`
    : archive
      ? archive.url
      : inline
        ? Object.keys(inline).join(", ")
        : null;
  return [
    ...(from === null ? [] : [["Source", from] as const]),
    ...(spec.image == null ? [] : [["Image", <code key="image">{spec.image}</code>] as const]),
  ];
}

function Trouble({ fn }: { fn: Func }) {
  const view = phaseOf(fn);
  const title = troubleOf(fn);
  const { name, namespace } = refOf(fn);
  if (title === null) return null;
  return (
    <Alert
      severity={view.phase === "failing" ? "error" : "warning"}
      sx={{ mb: 2, "& .MuiAlert-message": { minWidth: 0 } }}
      action={
        <Button component={RouterLink} to={`/functions/${namespace}/${name}/logs`} color="inherit">
          Logs
        </Button>
      }
    >
      <AlertTitle>{title}</AlertTitle>
      <Box
        component="pre"
        sx={{ m: 0, fontFamily: MONO, whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}
      >
        {view.message}
      </Box>
      {fn.status?.hints.map(({ reason, fix }) => (
        <Typography key={reason + fix} variant="body2" sx={{ mt: 1 }}>
          <strong>{reason}</strong>: {fix}
        </Typography>
      ))}
    </Alert>
  );
}

const COLOURS = { True: "success", False: "error", Unknown: "warning" } as const;

/** `Progressing: False` is the normal state. */
function colourOf({ type, status }: Condition) {
  return type === "Progressing" ? "default" : COLOURS[status];
}

function Conditions({ fn, now }: { fn: Func; now: number }) {
  const conditions = fn.status?.conditions ?? [];
  // Several conditions can have the same cause, and the page may show it above: show a traceback once.
  const above = troubleOf(fn) === null ? null : phaseOf(fn).message;
  const isNew = ({ message }: Condition, index: number) =>
    message !== above && conditions.findIndex((other) => other.message === message) === index;
  if (conditions.length === 0) return <Typography>Nothing was observed yet.</Typography>;
  return (
    <Box component="ul" sx={{ listStyle: "none", p: 0, m: 0, display: "grid", gap: 1 }}>
      {conditions.map((condition, index) => (
        <Box component="li" key={condition.type} sx={{ minWidth: 0 }}>
          <Chip
            size="small"
            label={`${condition.type}: ${condition.status}`}
            color={colourOf(condition)}
            variant="outlined"
          />{" "}
          {condition.reason !== condition.type && <strong>{condition.reason} </strong>}
          <Typography component="span" variant="body2" color="textSecondary">
            <Ago at={condition.lastTransitionTime} now={now} />
          </Typography>
          {isNew(condition, index) && (
            <Typography variant="body2" sx={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
              {condition.message}
            </Typography>
          )}
        </Box>
      ))}
    </Box>
  );
}

function Revisions({ fn, now }: { fn: Func; now: number }) {
  const ref = refOf(fn);
  const { data } = useQuery({
    queryKey: ["revisions", keyOf(ref), fn.status?.latestRevision, fn.status?.revision],
    queryFn: ({ signal }) => listRevisions(ref, signal),
    placeholderData: keepPreviousData,
  });
  return (
    <Section title="Revisions">
      {data?.length === 0 && (
        <Typography color="textSecondary">None yet: the first one comes with a build.</Typography>
      )}
      <Box component="ol" reversed sx={{ listStyle: "none", p: 0, m: 0, display: "grid", gap: 1 }}>
        {[...(data ?? [])].reverse().map(({ name, created, serving, image }) => (
          <Box component="li" key={name} sx={{ minWidth: 0 }}>
            <strong>{name}</strong>{" "}
            {serving && <Chip size="small" color="success" label="serving" />}
            <Typography variant="body2" color="textSecondary" noWrap title={image}>
              <Ago at={created} now={now} /> · {image}
            </Typography>
          </Box>
        ))}
      </Box>
    </Section>
  );
}
