// The body of a function's response, in a fitting form. Its content is never executed.
import { Box, Button, ToggleButton, ToggleButtonGroup, Typography } from "@mui/material";
import { useEffect, useRef, useState } from "react";
import { bytes as amount } from "../components/ago";
import { Code } from "../components/Code";
import { hexDump, imageType, kindOf, pretty } from "./body";

/** Bytes of text shown: several megabytes would make the page slow. */
const TEXT_MAX = 512 * 1024;

interface Props {
  content: Uint8Array<ArrayBuffer>;
  contentType: string;
  /** Whether the body is complete. */
  isWhole: boolean;
}

export function BodyView({ content, contentType, isWhole }: Props) {
  const [isRaw, setRaw] = useState(false);
  const kind = kindOf(contentType, content);
  if (kind === "empty") {
    return <Typography color="textSecondary">{isWhole ? "No body." : "…"}</Typography>;
  }
  if (kind === "image" && isWhole) return <Picture content={content} />;
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
          aria-label="JSON format"
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
      alt="Image returned by the function"
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

/** With a checked media type: with any other, a browser could render the body as a page. */
function blobOf(content: Uint8Array<ArrayBuffer>): Blob {
  return new Blob([content], { type: imageType(content) ?? "application/octet-stream" });
}

function Download({ content }: { content: Uint8Array<ArrayBuffer> }) {
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blobOf(content));
    link.download = "response.bin";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  return (
    <Button onClick={save} sx={{ justifySelf: "start" }}>
      Download {amount(content.length)}
    </Button>
  );
}
