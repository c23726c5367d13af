// The table of functions. Only the rows in sight exist, so that 500 of them scroll smoothly.
import { Box, ButtonBase, Link, Paper, Typography } from "@mui/material";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";
import { Link as RouterLink } from "react-router";
import type { Row, Sort, View } from "../live/rows";
import { isStale } from "../live/phase";
import { ago, duration, percent, perMinute } from "./ago";
import { PhaseBadge } from "./PhaseBadge";
import { Sparkline } from "./Sparkline";
import { useNow } from "./useNow";

const COLUMNS: readonly { sort: Sort; label: string; narrow: boolean }[] = [
  { sort: "name", label: "Function", narrow: true },
  { sort: "status", label: "Status", narrow: true },
  { sort: "replicas", label: "Replicas", narrow: false },
  { sort: "calls", label: "Calls / min", narrow: false },
  { sort: "errors", label: "Errors", narrow: false },
  { sort: "p95", label: "p95", narrow: false },
  { sort: "deployed", label: "Last deploy", narrow: false },
];

const GRID = {
  display: "grid",
  alignItems: "center",
  columnGap: 2,
  px: 2,
  gridTemplateColumns: {
    xs: "minmax(0, 1fr) auto",
    md: "minmax(0, 2.2fr) 110px 80px minmax(150px, 1fr) 70px 80px 110px",
  },
} as const;
const WIDE = { display: { xs: "none", md: "block" } } as const;
const ROW_HEIGHT = 64;

interface Props {
  rows: readonly Row[];
  view: View;
  onSort: (change: Pick<View, "sort" | "order">) => void;
}

export function FunctionTable({ rows, view, onSort }: Props) {
  const now = useNow();
  const body = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => setOffset(body.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    scrollMargin: offset,
    getItemKey: (index) => rows[index]?.fn.metadata.uid ?? index,
  });
  return (
    <Paper role="table" aria-label="Functions" aria-rowcount={rows.length + 1}>
      <Box role="rowgroup">
        <Box
          role="row"
          aria-rowindex={1}
          sx={{ ...GRID, minHeight: 44, borderBottom: 1, borderColor: "divider" }}
        >
          {COLUMNS.map((column) => (
            <Heading key={column.sort} column={column} view={view} onSort={onSort} />
          ))}
        </Box>
      </Box>
      <Box
        role="rowgroup"
        ref={body}
        sx={{ position: "relative" }}
        style={{ height: virtual.getTotalSize() }}
      >
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const row = rows[index];
          return (
            row && <FunctionRow key={key} row={row} index={index} now={now} top={start - offset} />
          );
        })}
      </Box>
    </Paper>
  );
}

interface HeadingProps extends Omit<Props, "rows"> {
  column: (typeof COLUMNS)[number];
}

function Heading({ column, view, onSort }: HeadingProps) {
  const isSorted = view.sort === column.sort;
  const order = isSorted && view.order === "asc" ? "desc" : "asc";
  const shown = view.order === "asc" ? "ascending" : "descending";
  return (
    <Box role="columnheader" aria-sort={isSorted ? shown : "none"} sx={column.narrow ? {} : WIDE}>
      <ButtonBase
        onClick={() => onSort({ sort: column.sort, order })}
        sx={{
          typography: "body2",
          fontWeight: 600,
          color: "text.secondary",
          py: 1,
          borderRadius: 1,
        }}
      >
        {column.label}
        <Box
          component="span"
          aria-hidden
          sx={{ width: 16, visibility: isSorted ? "visible" : "hidden" }}
        >
          {view.order === "asc" ? "↑" : "↓"}
        </Box>
      </ButtonBase>
    </Box>
  );
}

interface RowProps {
  row: Row;
  index: number;
  now: number;
  top: number;
}

function FunctionRow({ row: { fn, ref, view, rates }, index, now, top }: RowProps) {
  const status = fn.status;
  return (
    <Box
      role="row"
      aria-rowindex={index + 2}
      data-function={ref.name}
      style={{ transform: `translateY(${top}px)` }}
      sx={{
        ...GRID,
        position: "absolute",
        insetInline: 0,
        height: ROW_HEIGHT,
        borderBottom: 1,
        borderColor: "divider",
        "&:hover": { bgcolor: "action.hover" },
      }}
    >
      <Box role="cell" sx={{ minWidth: 0 }}>
        <Link
          component={RouterLink}
          to={`/functions/${ref.namespace}/${ref.name}`}
          noWrap
          sx={{ display: "block", fontWeight: 600 }}
        >
          {ref.name}
        </Link>
        <Typography variant="body2" color="textSecondary" noWrap>
          {[ref.namespace === "default" ? "" : ref.namespace, fn.spec.runtime ?? "image"]
            .filter(Boolean)
            .join(" · ")}
          {isStale(fn) && " · the newest revision failed"}
        </Typography>
      </Box>
      <Box role="cell">
        <PhaseBadge view={view} />
      </Box>
      <Box role="cell" sx={WIDE}>
        {status?.readyReplicas ?? 0} / {status?.replicas ?? 0}
      </Box>
      <Box role="cell" sx={WIDE}>
        <Box sx={{ display: "flex", alignItems: "center", gap: 1 }}>
          <Box component="span" sx={{ width: 44 }}>
            {perMinute(rates.perMinute)}
          </Box>
          <Sparkline values={rates.spark} />
        </Box>
      </Box>
      <Box role="cell" sx={{ ...WIDE, color: rates.errors ? "error.main" : "text.primary" }}>
        {percent(rates.errors)}
      </Box>
      <Box role="cell" sx={WIDE}>
        {duration(rates.p95)}
      </Box>
      <Box role="cell" sx={WIDE}>
        {ago(status?.deployedAt, now)}
      </Box>
    </Box>
  );
}
