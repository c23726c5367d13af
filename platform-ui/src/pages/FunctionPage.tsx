// The page of a function: a header with the actions, and tabs.
import { Box, Button, Link, Tab, Tabs, Typography } from "@mui/material";
import { Loading } from "../components/Loading";
import { Suspense } from "react";
import { Link as RouterLink, Navigate, useParams } from "react-router";
import { asProblem } from "../api/problem";
import type { Func } from "../api/types";
import { Icon } from "../components/Icon";
import { PhaseBadge } from "../components/PhaseBadge";
import { ProblemAlert } from "../components/ProblemAlert";
import { useTitle } from "../components/useTitle";
import { FunctionActions } from "../function/FunctionActions";
import { OverviewTab } from "../function/OverviewTab";
import { useFunction } from "../live/LiveProvider";
import { phaseOf } from "../live/phase";
import { CallsTab, InvokeTab, LogsTab, ReplicasTab, SettingsTab } from "../function/lazyTabs";

const TABS = {
  overview: { label: "Overview", Content: OverviewTab },
  invoke: { label: "Invoke", Content: InvokeTab },
  calls: { label: "Calls", Content: CallsTab },
  logs: { label: "Logs", Content: LogsTab },
  replicas: { label: "Replicas", Content: ReplicasTab },
  settings: { label: "Settings", Content: SettingsTab },
} as const;

type TabName = keyof typeof TABS;

export default function FunctionPage() {
  const { namespace = "default", name = "", tab = "overview" } = useParams();
  const { fn, isPending, error } = useFunction({ namespace, name });
  useTitle(name);
  if (!(tab in TABS)) return <Navigate to={`/functions/${namespace}/${name}`} replace />;
  if (isPending) return <Loading height={320} />;
  if (fn !== undefined) return <Found fn={fn} tab={tab as TabName} />;
  if (error !== null) return <ProblemAlert problem={asProblem(error)} />;
  return <Missing name={name} />;
}

function Found({ fn, tab }: { fn: Func; tab: TabName }) {
  const { name, namespace } = fn.metadata;
  const { Content } = TABS[tab];
  return (
    <>
      <Back />
      <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 2 }}>
        <Typography variant="h1" sx={{ overflowWrap: "anywhere" }}>
          {name}
        </Typography>
        <Box sx={{ flexGrow: 1 }}>
          <PhaseBadge view={phaseOf(fn)} />
        </Box>
        <FunctionActions fn={fn} />
      </Box>
      <Tabs
        aria-label={`Tabs of ${name}`}
        value={tab}
        variant="scrollable"
        scrollButtons={false}
        sx={{ borderBottom: 1, borderColor: "divider", mt: 1, mb: 3 }}
      >
        {Object.entries(TABS).map(([value, { label }]) => (
          <Tab
            key={value}
            value={value}
            label={label}
            component={RouterLink}
            to={`/functions/${namespace}/${name}/${value}`}
            id={`tab-${value}`}
            aria-controls="tab-panel"
          />
        ))}
      </Tabs>
      <Box role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`}>
        <Suspense fallback={<Loading height={320} />}>
          <Content key={fn.metadata.uid} fn={fn} />
        </Suspense>
      </Box>
    </>
  );
}

function Back() {
  return (
    <Link
      component={RouterLink}
      to="/"
      variant="body2"
      sx={{ display: "inline-flex", alignItems: "center", mb: 1 }}
    >
      <Icon name="back" /> Functions
    </Link>
  );
}

function Missing({ name }: { name: string }) {
  return (
    <Box sx={{ textAlign: "center", py: 8 }}>
      <Typography variant="h1" gutterBottom>
        Function {name} does not exist
      </Typography>
      <Button component={RouterLink} to="/">
        All functions
      </Button>
    </Box>
  );
}
