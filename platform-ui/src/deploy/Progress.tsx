// The progress of a deploy: its log, its result and what to do next.
import { Alert, AlertTitle, Box, Button, LinearProgress, Typography } from "@mui/material";
import { useEffect, useRef } from "react";
import { Link } from "react-router";
import { refOf } from "../api/types";
import { duration } from "../components/ago";
import { ProblemAlert } from "../components/ProblemAlert";
import { Section } from "../components/Section";
import { phaseOf } from "../live/phase";
import { MONO } from "../theme";
import { isUnbuilt, type Outcome, type Stage } from "./run";

const STAGES: Readonly<Record<Stage, string>> = { build: "Building…", start: "Starting…" };

export function Progress({
  outcome,
  lines,
}: {
  outcome: Outcome | null;
  lines: readonly string[];
}) {
  const log = useRef<HTMLDivElement>(null);
  useEffect(() => {
    log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [lines.length]);
  return (
    <Section title="Progress">
      <Box
        sx={{ minHeight: outcome === null || outcome.kind === "running" ? 28 : 0 }}
        role="status"
      >
        {outcome === null && (
          <Typography color="textSecondary">Deploy, and the build's log shows here.</Typography>
        )}
        {outcome?.kind === "running" && (
          <>
            <Typography variant="body2">{STAGES[outcome.stage]}</Typography>
            <LinearProgress aria-label={STAGES[outcome.stage]} />
          </>
        )}
      </Box>
      {lines.length > 0 && (
        <Box
          ref={log}
          role="log"
          aria-label="Build log"
          tabIndex={0}
          sx={{
            mb: 1.5,
            mt: outcome?.kind === "running" ? 1.5 : 0,
            maxHeight: 320,
            overflow: "auto",
            fontFamily: MONO,
            fontSize: 13,
            bgcolor: "background.default",
            borderRadius: 1,
            p: 1.5,
          }}
        >
          {lines.map((line, index) => (
            <Box key={index} sx={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
              {line}
            </Box>
          ))}
        </Box>
      )}
      {outcome !== null && <End outcome={outcome} />}
    </Section>
  );
}

function End({ outcome }: { outcome: Outcome }) {
  switch (outcome.kind) {
    case "running":
      return null;
    case "cancelled":
      return <Alert severity="info">Left. What was built so far is kept for the next try.</Alert>;
    case "rejected":
      return <ProblemAlert problem={outcome.problem} />;
    case "build-failed":
      return (
        <Failure
          title="The build failed"
          text={outcome.failure.message}
          fix={outcome.failure.fix}
        />
      );
    case "failed":
      return (
        <Failure
          title={
            isUnbuilt(outcome.fn)
              ? "The build failed"
              : "The build succeeded, but the function does not start"
          }
          text={phaseOf(outcome.fn).message}
          fix={outcome.fn.status?.hints.map(({ fix }) => fix).join("\n") ?? ""}
        />
      );
    case "ready": {
      const { name, namespace } = refOf(outcome.fn);
      return (
        <Alert
          severity="success"
          action={
            <Button component={Link} to={`/functions/${namespace}/${name}/invoke`} color="inherit">
              Invoke
            </Button>
          }
        >
          {outcome.fn.metadata.name} is ready after {duration(outcome.seconds)}
        </Alert>
      );
    }
  }
}

function Failure({ title, text, fix }: { title: string; text: string; fix: string }) {
  return (
    <Alert severity="error" sx={{ "& .MuiAlert-message": { minWidth: 0 } }}>
      <AlertTitle>{title}</AlertTitle>
      <Box
        component="pre"
        sx={{
          m: 0,
          fontFamily: MONO,
          fontSize: 13,
          whiteSpace: "pre-wrap",
          overflowWrap: "anywhere",
        }}
      >
        {text}
      </Box>
      {fix !== "" && <Typography sx={{ mt: 1 }}>{fix}</Typography>}
    </Alert>
  );
}
