// A response: status, times, headers and body.
import { Alert, Box, Button, Chip, Typography } from "@mui/material";
import { useMemo } from "react";
import { Link } from "react-router";
import type { Ref } from "../api/types";
import { bytes as amount, duration } from "../components/ago";
import { Code } from "../components/Code";
import type { FunctionResponse } from "./call";
import { join } from "./body";
import { BodyView } from "./BodyView";

/** The platform's marker of a call that was accepted into the queue. */
const ACCEPTED = "accepted";

export function ResponseView({
  received,
  reference,
}: {
  received: FunctionResponse;
  reference: Ref;
}) {
  const { status, callId, platform } = received;
  const isGood = status < 400;
  const content = useMemo(() => join(received.chunks), [received.chunks]);
  return (
    <Box sx={{ display: "grid", gap: 1.5, minWidth: 0 }}>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, alignItems: "center" }}>
        <Chip label={status} color={isGood ? "success" : "error"} data-testid="status" />
        <Typography variant="body2" role="status">
          {received.total === null
            ? `arriving… ${amount(received.size)}`
            : `${duration(received.total / 1000)} · ${amount(received.size)}`}
        </Typography>
        <Typography variant="body2" color="textSecondary">
          first byte {duration(received.first / 1000)}
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
          The call is queued.{" "}
          <Link to={`/functions/${reference.namespace}/${reference.name}/calls`}>
            Show its state
          </Link>
        </Alert>
      )}
      {platform !== "" && platform !== ACCEPTED && (
        <Alert severity="warning">
          The platform responded, not the function: <code>{platform}</code>
        </Alert>
      )}
      {received.isCut && (
        <Alert severity="info">
          The response is larger than the part shown here; use curl to get all of it.
        </Alert>
      )}
      <BodyView
        content={content}
        contentType={received.contentType}
        isWhole={received.total !== null}
      />
      <details>
        <summary>{received.headers.length} headers</summary>
        <Code label="Response headers">
          {received.headers.map(([name, value]) => `${name}: ${value}`).join("\n")}
        </Code>
      </details>
    </Box>
  );
}
