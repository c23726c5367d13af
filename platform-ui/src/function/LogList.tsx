// Log lines, of which only the visible ones are rendered; scrolls to the end while following.
import { Box, Link, Paper, Typography } from "@mui/material";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type ReactNode } from "react";
import { MONO } from "../theme";
import type { NumberedLine } from "./logBuffer";

interface Props {
  lines: readonly NumberedLine[];
  follow: boolean;
  search: string;
  onCall: (id: string) => void;
}

const TIME = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});
const COLOURS = { stdout: "text.primary", stderr: "error.main", platform: "info.main" } as const;

export function LogList({ lines, follow, search, onCall }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 22,
    overscan: 20,
    getItemKey: (index) => lines[index]?.number ?? index,
  });
  const last = lines.at(-1)?.number;
  useEffect(() => {
    if (follow && last !== undefined) virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [follow, last, lines.length, virtual]);
  return (
    <Paper
      ref={scroller}
      role="log"
      aria-label="Log lines"
      aria-live="off"
      tabIndex={0}
      sx={{
        height: "max(320px, calc(100dvh - 380px))",
        overflow: "auto",
        fontFamily: MONO,
        fontSize: 13,
      }}
    >
      {lines.length === 0 && (
        <Typography color="textSecondary" sx={{ p: 2 }}>
          No lines. Output of the function appears here.
        </Typography>
      )}
      <Box sx={{ position: "relative" }} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const line = lines[index];
          return (
            line && (
              <Box
                key={key}
                data-index={index}
                ref={virtual.measureElement}
                style={{ transform: `translateY(${start}px)` }}
                sx={{
                  position: "absolute",
                  insetInline: 0,
                  px: 1.5,
                  py: 0.25,
                  "&:hover": { bgcolor: "action.hover" },
                }}
              >
                <LineView line={line} search={search} onCall={onCall} />
              </Box>
            )
          );
        })}
      </Box>
    </Paper>
  );
}

function LineView({
  line,
  search,
  onCall,
}: { line: NumberedLine } & Pick<Props, "search" | "onCall">) {
  const { time, replica, stream, text, callId } = line;
  return (
    <Box sx={{ display: "flex", flexWrap: { xs: "wrap", md: "nowrap" }, columnGap: 1.5 }}>
      <Box component="time" dateTime={time} sx={{ color: "text.secondary", flex: "none" }}>
        {TIME.format(new Date(time))}
      </Box>
      <Box component="span" sx={{ color: "text.secondary", flex: "none" }} title={replica}>
        {stream === "platform" ? "platform" : replica.slice(-12)}
      </Box>
      <Box
        component="span"
        sx={{
          color: COLOURS[stream],
          whiteSpace: "pre-wrap",
          overflowWrap: "anywhere",
          flexGrow: 1,
          minWidth: 0,
        }}
      >
        {marked(text, search)}
      </Box>
      {callId != null && (
        <Link
          component="button"
          onClick={() => onCall(callId)}
          title={`Show only lines of the call ${callId}`}
          sx={{ flex: "none", fontFamily: "inherit", fontSize: "inherit", color: "text.secondary" }}
        >
          {callId.slice(-8)}
        </Link>
      )}
    </Box>
  );
}

function marked(text: string, search: string): ReactNode {
  if (search === "") return text;
  const at = text.toLowerCase().indexOf(search.toLowerCase());
  if (at < 0) return text;
  const end = at + search.length;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, end)}</mark>
      {text.slice(end)}
    </>
  );
}
