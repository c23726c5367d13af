// An answer: its status and times, its headers, and its body in the form that fits it.
import {
  Alert,
  Box,
  Button,
  Chip,
  ToggleButton,
  ToggleButtonGroup,
  Typography,
} from "@mui/material";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link } from "react-router";
import type { Ref } from "../api/types";
import { bytes as amount, duration } from "../components/ago";
import { Code } from "../components/Code";
import type { Answer } from "./call";
import { hexDump, imageType, join, kindOf, pretty } from "./body";

/** Bytes of a text that are shown: a page of several megabytes of it would answer late. */
const TEXT_MAX = 512 * 1024;

export function AnswerView({ answer, reference }: { answer: Answer; reference: Ref }) {
  const { status, callId, platform } = answer;
  const isGood = status < 400;
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
      {platform !== "" && (
        <Alert severity="warning">
          The platform answered, not the function: <code>{platform}</code>
        </Alert>
      )}
      {answer.isCut && (
        <Alert severity="info">
          The answer is larger than what is shown here; use curl for all of it.
        </Alert>
      )}
      <Body answer={answer} />
      <details>
        <summary>{answer.headers.length} headers</summary>
        <Code label="Headers of the answer">
          {answer.headers.map(([name, value]) => `${name}: ${value}`).join("\n")}
        </Code>
      </details>
    </Box>
  );
}

function Body({ answer }: { answer: Answer }) {
  const [isRaw, setRaw] = useState(false);
  const content = useMemo(() => join(answer.chunks), [answer.chunks]);
  const kind = kindOf(answer.contentType, content);
  if (kind === "empty") {
    return (
      <Typography color="textSecondary">{answer.total === null ? "…" : "No body."}</Typography>
    );
  }
  if (kind === "image" && answer.total !== null) return <Picture content={content} />;
  if (kind === "image" || kind === "binary") {
    return (
      <>
        <Code label="Body" wrap={false}>
          {hexDump(content)}
        </Code>
        <Download content={content} />
      </>
    );
  }
  const isLong = content.length > TEXT_MAX;
  const text = new TextDecoder().decode(content.subarray(0, TEXT_MAX));
  return (
    <>
      {kind === "json" && (
        <ToggleButtonGroup
          exclusive
          size="small"
          value={isRaw ? "raw" : "pretty"}
          onChange={(_, value: string | null) => setRaw(value === "raw")}
          aria-label="Form of the JSON"
        >
          <ToggleButton value="pretty">Pretty</ToggleButton>
          <ToggleButton value="raw">Raw</ToggleButton>
        </ToggleButtonGroup>
      )}
      <Code label="Body">{kind === "json" && !isRaw ? pretty(text) : text}</Code>
      {isLong && (
        <Typography variant="body2" color="textSecondary">
          These are the first {amount(TEXT_MAX)}.
        </Typography>
      )}
      {isLong && <Download content={content} />}
    </>
  );
}

function Picture({ content }: { content: Uint8Array<ArrayBuffer> }) {
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    const url = URL.createObjectURL(blobOf(content));
    if (image.current !== null) image.current.src = url;
    return () => URL.revokeObjectURL(url);
  }, [content]);
  return (
    <Box
      component="img"
      ref={image}
      alt="The picture that the function answered"
      sx={{
        maxWidth: 1,
        maxHeight: 480,
        objectFit: "contain",
        justifySelf: "start",
        borderRadius: 1,
      }}
    />
  );
}

/** Of a type that was looked at: a browser that is handed anything else could take it for a page. */
function blobOf(content: Uint8Array<ArrayBuffer>): Blob {
  return new Blob([content], { type: imageType(content) ?? "application/octet-stream" });
}

function Download({ content }: { content: Uint8Array<ArrayBuffer> }) {
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blobOf(content));
    link.download = "answer.bin";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  return (
    <Button onClick={save} sx={{ justifySelf: "start" }}>
      Save all {amount(content.length)}
    </Button>
  );
}
