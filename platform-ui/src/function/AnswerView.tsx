// An answer: its status and times, its headers, and its body in the form that fits it.
import { Alert, Box, Button, Chip, Typography } from "@mui/material";
import { useMemo } from "react";
import { Link } from "react-router";
import type { Ref } from "../api/types";
import { bytes as amount, duration } from "../components/ago";
import { Code } from "../components/Code";
import type { Answer } from "./call";
import { join } from "./body";
import { BodyView } from "./BodyView";

/** What the platform's own answer says of itself where a call was put in the queue. */
const ACCEPTED = "accepted";

export function AnswerView({ answer, reference }: { answer: Answer; reference: Ref }) {
  const { status, callId, platform } = answer;
  const isGood = status < 400;
  const content = useMemo(() => join(answer.chunks), [answer.chunks]);
  return (
    <Box sx={{ display: "grid", gap: 1.5, minWidth: 0 }}>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, alignItems: "center" }}>
        <Chip label={status} color={isGood ? "success" : "error"} data-testid="status" />
        <Typography variant="body2" role="status">
          {answer.total === null
            ? `arriving… ${amount(answer.size)}`
            : `${duration(answer.total / 1000)} · ${amount(answer.size)}`}
        </Typography>
        <Typography variant="body2" color="textSecondary">
          first byte {duration(answer.first / 1000)}
        </Typography>
        {callId !== "" && (
          <Button
            size="small"
            component={Link}
            to={`/functions/${reference.namespace}/${reference.name}/logs?call=${callId}`}
          >
            Logs of this call
          </Button>
        )}
      </Box>
      {platform === ACCEPTED && (
        <Alert severity="success">
          It waits for its turn.{" "}
          <Link to={`/functions/${reference.namespace}/${reference.name}/calls`}>
            See what becomes of it
          </Link>
        </Alert>
      )}
      {platform !== "" && platform !== ACCEPTED && (
        <Alert severity="warning">
          The platform answered, not the function: <code>{platform}</code>
        </Alert>
      )}
      {answer.isCut && (
        <Alert severity="info">
          The answer is larger than what is shown here; use curl for all of it.
        </Alert>
      )}
      <BodyView
        content={content}
        contentType={answer.contentType}
        isWhole={answer.total !== null}
      />
      <details>
        <summary>{answer.headers.length} headers</summary>
        <Code label="Headers of the answer">
          {answer.headers.map(([name, value]) => `${name}: ${value}`).join("\n")}
        </Code>
      </details>
    </Box>
  );
}
