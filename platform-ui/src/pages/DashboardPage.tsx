// The dashboard: all functions with their state; search, filter and sort order are in the URL.
import { Box, MenuItem, Skeleton, TextField, Typography } from "@mui/material";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { asProblem } from "../api/problem";
import { ActionButton } from "../components/ActionButton";
import { EmptyState } from "../components/EmptyState";
import { FunctionTable } from "../components/FunctionTable";
import { Icon } from "../components/Icon";
import { ProblemAlert } from "../components/ProblemAlert";
import { useTitle } from "../components/useTitle";
import { useFunctions, useRates } from "../live/LiveProvider";
import { PHASE_LABELS, PHASES } from "../live/phase";
import { readView, rowsOf, selectRows, type View } from "../live/rows";

export function DashboardPage() {
  useTitle("Functions");
  const { data, isPending, error } = useFunctions();
  const ratesOf = useRates();
  const [parameters, setParameters] = useSearchParams();
  const view = useMemo(() => readView(parameters), [parameters]);
  const rows = useMemo(() => rowsOf(data ?? [], ratesOf), [data, ratesOf]);
  const shown = useMemo(() => selectRows(rows, view), [rows, view]);

  const change = (next: Partial<View>) => {
    const merged = Object.entries({ ...view, ...next }).filter(([, value]) => value !== "");
    setParameters(Object.fromEntries(merged), { replace: true });
  };

  if (data?.length === 0) return <EmptyState />;
  return (
    <>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 2, alignItems: "center", mb: 2 }}>
        <Typography variant="h1" sx={{ flexGrow: 1 }}>
          Functions
        </Typography>
        <TextField
          label="Search"
          type="search"
          value={view.search}
          onChange={(event) => change({ search: event.target.value })}
          sx={{ width: { xs: 1, sm: 240 }, order: { xs: 3, sm: 0 } }}
        />
        <TextField
          select
          label="Status"
          value={view.phase}
          onChange={(event) => change({ phase: event.target.value as View["phase"] })}
          sx={{ minWidth: 130, order: { xs: 3, sm: 0 } }}
        >
          <MenuItem value="">All</MenuItem>
          {PHASES.map((phase) => (
            <MenuItem key={phase} value={phase}>
              {PHASE_LABELS[phase]}
            </MenuItem>
          ))}
        </TextField>
        <ActionButton to="/deploy" variant="contained" startIcon={<Icon name="add" />}>
          Deploy
        </ActionButton>
      </Box>
      {error !== null && data === undefined && <ProblemAlert problem={asProblem(error)} />}
      {isPending && <Placeholder />}
      {data !== undefined && (
        <>
          <FunctionTable rows={shown} view={view} onSort={change} />
          <Typography role="status" variant="body2" color="textSecondary" sx={{ mt: 1 }}>
            {shown.length === rows.length
              ? `${rows.length} ${rows.length === 1 ? "function" : "functions"}`
              : `${shown.length} of ${rows.length} functions`}
          </Typography>
        </>
      )}
    </>
  );
}

function Placeholder() {
  return (
    <Box role="status" aria-label="Loading functions">
      {[0, 1, 2, 3].map((row) => (
        <Skeleton key={row} variant="rounded" height={56} sx={{ mb: 1 }} />
      ))}
    </Box>
  );
}
