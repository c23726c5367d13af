// The table of functions. Only visible rows are rendered, so that 500 functions scroll smoothly.
import { Box, ButtonBase, Paper } from "@mui/material";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useLayoutEffect, useRef, useState } from "react";
import { Link as RouterLink } from "react-router";
import type { Row, Sort, View } from "../live/rows";
import { isStale } from "../live/phase";
import { Ago } from "./Ago";
import { duration, percent, perMinute } from "./ago";
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

/** Styles of all rows, defined once on the table, because a row with its own styles scrolls slowly. */
const ROWS = {
  position: "relative",
  "& > .row": {
    ...GRID,
    position: "absolute",
    insetInline: 0,
    height: ROW_HEIGHT,
    borderBottom: 1,
    borderColor: "divider",
    "&:hover": { bgcolor: "action.hover" },
  },
  "& .name": { minWidth: 0 },
  "& .name > *": {
    display: "block",
    overflow: "hidden",
    textOverflow: "ellipsis",
    whiteSpace: "nowrap",
  },
  "& .name > a": {
    fontWeight: 600,
    color: "primary.main",
    textDecoration: "none",
    "&:hover": { textDecoration: "underline" },
  },
  "& .name > span": { typography: "body2", color: "text.secondary" },
  "& .wide": WIDE,
  "& .calls": { display: { xs: "none", md: "flex" }, alignItems: "center", gap: 1 },
  "& .calls > span": { width: 44 },
  "& .failed": { color: "error.main" },
} as const;

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
  const keyAt = useCallback((index: number) => rows[index]?.fn.metadata.uid ?? index, [rows]);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    scrollMargin: offset,
    getItemKey: keyAt,
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
      <Box role="rowgroup" ref={body} sx={ROWS} style={{ height: virtual.getTotalSize() }}>
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

/** Rendered again only if its own data changes, not on scrolling or an event of another function. */
const FunctionRow = memo(function FunctionRow({ row, index, now, top }: RowProps) {
  const { fn, ref, view, rates } = row;
  const status = fn.status;
  return (
    <div
      role="row"
      className="row"
      aria-rowindex={index + 2}
      data-function={ref.name}
      style={{ transform: `translateY(${top}px)` }}
    >
      <div role="cell" className="name">
        <RouterLink to={`/functions/${ref.namespace}/${ref.name}`}>{ref.name}</RouterLink>
        <span>
          {[ref.namespace === "default" ? "" : ref.namespace, fn.spec.runtime ?? "image"]
            .filter(Boolean)
            .join(" · ")}
          {isStale(fn) && " · the latest revision failed"}
        </span>
      </div>
      <div role="cell">
        <PhaseBadge view={view} />
      </div>
      <div role="cell" className="wide">
        {status?.readyReplicas ?? 0} / {status?.replicas ?? 0}
      </div>
      <div role="cell" className="calls">
        <span>{perMinute(rates.perMinute)}</span>
        <Sparkline values={rates.spark} />
      </div>
      <div role="cell" className={rates.errors ? "wide failed" : "wide"}>
        {percent(rates.errors)}
      </div>
      <div role="cell" className="wide">
        {duration(rates.p95)}
      </div>
      <div role="cell" className="wide">
        <Ago at={status?.deployedAt} now={now} />
      </div>
    </div>
  );
});
