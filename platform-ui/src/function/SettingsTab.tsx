// The settings of a function; invalid fields are marked before and after sending.
import { Alert, Box, Button, FormControlLabel, MenuItem, Switch, TextField } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";
import { listSecrets, putFunction } from "../api/functions";
import { ApiProblem, type FieldProblem } from "../api/problem";
import { refOf, type Func, type FunctionSpec } from "../api/types";
import { ActionButton } from "../components/ActionButton";
import { ProblemAlert } from "../components/ProblemAlert";
import { Section } from "../components/Section";
import { useAction } from "../live/useAction";
import { EnvEditor } from "./EnvEditor";
import { problemsOf, settingsOf, specWith, type Settings } from "./settings";

export default function SettingsTab({ fn }: { fn: Func }) {
  const ref = refOf(fn);
  // The state when the form was opened: a later change by someone else is a conflict.
  const [base, setBase] = useState(fn);
  const [settings, setSettings] = useState<Settings>(() => settingsOf(fn.spec));
  const [problems, setProblems] = useState<readonly FieldProblem[]>([]);
  const { data: secrets } = useQuery({
    queryKey: ["secrets", ref.namespace],
    queryFn: ({ signal }) => listSecrets(ref.namespace, signal),
  });
  const save = useAction<FunctionSpec>(fn, {
    run: (spec) => putFunction(ref, spec),
    successMessage: () => `Saved; a new revision of ${ref.name} rolls out`,
  });

  const edit = (change: Partial<Settings>) => setSettings((before) => ({ ...before, ...change }));
  const adopt = (from: Func) => {
    setBase(from);
    setSettings(settingsOf(from.spec));
    setProblems([]);
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const spec = specWith(fn.spec, settings);
    const invalid = problemsOf(spec);
    setProblems(invalid);
    if (invalid.length > 0) return;
    save.mutate(spec, {
      onSuccess: adopt,
      onError: (error) => setProblems(error instanceof ApiProblem ? error.errors : []),
    });
  };
  const isOutdated = base.metadata.generation !== fn.metadata.generation;
  const fieldState = (field: string) => {
    const message = problems.find((problem) => problem.field === field)?.message;
    return {
      error: message !== undefined,
      ...(message === undefined ? {} : { helperText: message }),
    };
  };
  const rest = problems.filter(({ field }) => !SHOWN.some((shown) => field.startsWith(shown)));
  const text = (label: string, field: string, key: TextKey, hint = "") => {
    const state = fieldState(field);
    return (
      <TextField
        label={label}
        value={settings[key]}
        onChange={(event) => edit({ [key]: event.target.value })}
        error={state.error}
        helperText={state.helperText ?? hint}
      />
    );
  };

  return (
    <Box component="form" onSubmit={submit} noValidate sx={{ display: "grid", gap: 2 }}>
      {isOutdated && (
        <Alert
          severity="warning"
          action={
            <Button color="inherit" onClick={() => adopt(fn)}>
              Load the change
            </Button>
          }
        >
          The function was changed by someone else since this form was opened. Saving overwrites
          that change.
        </Alert>
      )}
      {rest.length > 0 && (
        <ProblemAlert
          problem={new ApiProblem("Some settings are invalid", 422, "invalid-input", "", "", rest)}
        />
      )}
      <Section title="Environment">
        <EnvEditor
          rows={settings.env}
          onChange={(env) => edit({ env })}
          secrets={secrets ?? []}
          messageOf={(path) => problems.find(({ field }) => field.startsWith(path))?.message}
        />
      </Section>
      <Section title="Secrets as files">
        <TextField
          select
          fullWidth
          label="Secrets"
          value={settings.secrets}
          onChange={(event) => edit({ secrets: event.target.value as unknown as string[] })}
          helperText={
            fieldState("spec.secrets").helperText ?? "Each secret is mounted as a folder of files."
          }
          error={fieldState("spec.secrets").error}
          slotProps={{ select: { multiple: true } }}
        >
          {[...new Set([...(secrets ?? []).map(({ name }) => name), ...settings.secrets])].map(
            (name) => (
              <MenuItem key={name} value={name}>
                {name}
              </MenuItem>
            ),
          )}
        </TextField>
      </Section>
      <Section title="Calls">
        <Box sx={GRID}>
          {text("Timeout", "spec.timeout", "timeout", "Limit for a whole call: 30s, 5m")}
          {text(
            "Concurrency",
            "spec.concurrency",
            "concurrency",
            "Concurrent calls per replica, 1 to 1000",
          )}
          <TextField
            select
            label="Access"
            value={settings.access}
            onChange={(event) => edit({ access: event.target.value as Settings["access"] })}
            helperText="Who may call it"
          >
            <MenuItem value="token">Who has the token</MenuItem>
            <MenuItem value="public">Everybody</MenuItem>
          </TextField>
          {text("Handler", "spec.handler", "handler", "file:name; empty for the runtime's default")}
        </Box>
        <FormControlLabel
          control={
            <Switch
              checked={settings.forwardAuthorization}
              onChange={(_, checked) => edit({ forwardAuthorization: checked })}
            />
          }
          label="Forward the client's Authorization header to the function"
        />
      </Section>
      <Section title="Resources of a replica">
        <Box sx={GRID}>
          {text("CPU request", "spec.resources.requests.cpu", "cpuRequest", "50m, 0.5")}
          {text("CPU limit", "spec.resources.limits.cpu", "cpuLimit", "1, 500m")}
          {text("Memory request", "spec.resources.requests.memory", "memoryRequest", "64Mi")}
          {text("Memory limit", "spec.resources.limits.memory", "memoryLimit", "256Mi, 1Gi")}
        </Box>
      </Section>
      <Box sx={{ display: "flex", gap: 1 }}>
        <ActionButton type="submit" variant="contained" loading={save.isPending}>
          Save
        </ActionButton>
        <Button onClick={() => adopt(fn)}>Reset</Button>
      </Box>
    </Box>
  );
}

type TextKey = Exclude<keyof Settings, "env" | "secrets" | "access" | "forwardAuthorization">;

const SHOWN = [
  "spec.env[",
  "spec.secrets",
  "spec.timeout",
  "spec.concurrency",
  "spec.handler",
  "spec.resources.requests.",
  "spec.resources.limits.",
];
const GRID = {
  display: "grid",
  gap: 2,
  gridTemplateColumns: {
    xs: "minmax(0, 1fr)",
    sm: "repeat(2, minmax(0, 1fr))",
    lg: "repeat(4, minmax(0, 1fr))",
  },
} as const;
