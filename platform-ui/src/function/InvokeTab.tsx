// Calls a function by hand: the request, the response, and earlier requests.
import {
  Box,
  Button,
  FormControlLabel,
  IconButton,
  MenuItem,
  Switch,
  TextField,
  Tooltip,
  Typography,
} from "@mui/material";
import { useEffect, useRef, useState, type SyntheticEvent } from "react";
import type { ApiProblem } from "../api/problem";
import { refOf, type Func } from "../api/types";
import { session } from "../session/token";
import { ActionButton } from "../components/ActionButton";
import { Code } from "../components/Code";
import { CopyButton } from "../components/CopyButton";
import { Icon } from "../components/Icon";
import { ProblemAlert } from "../components/ProblemAlert";
import { Section } from "../components/Section";
import { MONO } from "../theme";
import { ResponseView } from "./ResponseView";
import { bodyOf, failureOf, invoke, urlOf, type FunctionResponse, type Draft } from "./call";
import { CallHistory, type Past } from "./history";
import { HistoryList } from "./HistoryList";
import { curlLine } from "./curl";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const EMPTY: Draft = { method: "GET", path: "/", headers: [], body: "" };
const JSON_HEADER = ["Content-Type", "application/json"] as const;
const history = new CallHistory(sessionStorage, session.isKept);
session.subscribe(() => {
  if (session.get() === null) history.clear();
});

export default function InvokeTab({ fn }: { fn: Func }) {
  const ref = refOf(fn);
  const [draft, setDraft] = useState<Draft>(() => history.of(ref)[0]?.draft ?? EMPTY);
  const [past, setPast] = useState<Past[]>(() => history.of(ref));
  const [received, setReceived] = useState<FunctionResponse | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [isRunning, setRunning] = useState(false);
  const leave = useRef<AbortController | null>(null);
  useEffect(() => () => leave.current?.abort(), []);

  const edit = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const choose = (method: string) => {
    const isTyped = draft.headers.some(([name]) => name.toLowerCase() === "content-type");
    const takesBody = method === "POST" || method === "PUT" || method === "PATCH";
    edit({
      method,
      headers: takesBody && !isTyped ? [...draft.headers, JSON_HEADER] : draft.headers,
    });
  };
  const call = async (event: SyntheticEvent) => {
    event.preventDefault();
    const control = new AbortController();
    leave.current = control;
    setRunning(true);
    setProblem(null);
    setReceived(null);
    let last: FunctionResponse | null = null;
    const show = (next: FunctionResponse) => setReceived((last = next));
    try {
      await invoke(ref, draft, show, control.signal);
    } catch (error) {
      setProblem(failureOf(error));
    } finally {
      setRunning(false);
    }
    setPast(record(last));
  };
  const record = (last: FunctionResponse | null): Past[] => {
    if (last === null) return past;
    const { status, callId, total, first } = last;
    return history.add(ref, {
      time: Date.now(),
      draft,
      status,
      callId,
      milliseconds: total ?? first,
    });
  };
  const body = bodyOf(draft);
  const curl = curlLine({
    method: draft.method,
    url: urlOf(ref, draft),
    headers: draft.headers,
    token: fn.spec.access === "token",
    ...(body === undefined ? {} : { body }),
  });
  return (
    <Box
      sx={{
        display: "grid",
        gap: 2,
        gridTemplateColumns: { xs: "minmax(0, 1fr)", md: "repeat(2, minmax(0, 1fr))" },
        alignItems: "start",
      }}
    >
      <Section title="Call">
        <Box component="form" onSubmit={call} sx={{ display: "grid", gap: 2 }}>
          <Box sx={{ display: "flex", gap: 1 }}>
            <TextField
              select
              label="Method"
              value={draft.method}
              onChange={(event) => choose(event.target.value)}
              sx={{ width: 120, flex: "none" }}
            >
              {METHODS.map((method) => (
                <MenuItem key={method} value={method}>
                  {method}
                </MenuItem>
              ))}
            </TextField>
            <TextField
              label="Path and query"
              fullWidth
              value={draft.path}
              onChange={(event) => edit({ path: event.target.value })}
              slotProps={{ htmlInput: { spellCheck: false, style: { fontFamily: MONO } } }}
            />
          </Box>
          <HeaderRows draft={draft} edit={edit} />
          <TextField
            label="Body"
            multiline
            minRows={4}
            maxRows={16}
            value={draft.body}
            disabled={draft.method === "GET" || draft.method === "HEAD"}
            onChange={(event) => edit({ body: event.target.value })}
            slotProps={{ htmlInput: { spellCheck: false, style: { fontFamily: MONO } } }}
          />
          <Box sx={{ display: "flex", gap: 1 }}>
            <ActionButton
              type="submit"
              variant="contained"
              forAll={fn.spec.access === "public"}
              loading={isRunning}
              startIcon={<Icon name="play" />}
            >
              Send
            </ActionButton>
            <Button disabled={!isRunning} onClick={() => leave.current?.abort()}>
              Stop
            </Button>
            <FormControlLabel
              control={
                <Switch
                  checked={draft.isAsync ?? false}
                  onChange={(_, isAsync) => edit({ isAsync })}
                />
              }
              label="Async"
            />
          </Box>
          <Box sx={{ display: "flex", alignItems: "start" }}>
            <Box sx={{ flexGrow: 1, minWidth: 0 }}>
              <Code label="The call as a curl command">{curl}</Code>
            </Box>
            <CopyButton text={curl} label="Copy as curl" />
          </Box>
        </Box>
      </Section>
      <Box sx={{ display: "grid", gap: 2, minWidth: 0 }}>
        <Section title="Response">
          {problem !== null && <ProblemAlert problem={problem} />}
          {received !== null && <ResponseView received={received} reference={ref} />}
          {received === null && problem === null && (
            <Typography color="textSecondary">
              {isRunning ? "Waiting for the first byte…" : "Send a call to see its response here."}
            </Typography>
          )}
        </Section>
        <HistoryList past={past} onPick={setDraft} />
      </Box>
    </Box>
  );
}

function HeaderRows({ draft, edit }: { draft: Draft; edit: (change: Partial<Draft>) => void }) {
  const set = (index: number, pair: readonly [string, string] | null) =>
    edit({
      headers: draft.headers.flatMap((old, i) => (i !== index ? [old] : pair ? [pair] : [])),
    });
  return (
    <Box sx={{ display: "grid", gap: 1 }}>
      {draft.headers.map(([name, value], index) => (
        <Box key={index} sx={{ display: "flex", gap: 1 }}>
          <TextField
            label={`Header ${index + 1}`}
            value={name}
            onChange={(event) => set(index, [event.target.value, value])}
            sx={{ flex: 1 }}
          />
          <TextField
            label={`Value ${index + 1}`}
            value={value}
            onChange={(event) => set(index, [name, event.target.value])}
            sx={{ flex: 1.5 }}
          />
          <Tooltip title="Remove the header">
            <IconButton aria-label={`Remove header ${index + 1}`} onClick={() => set(index, null)}>
              <Icon name="close" />
            </IconButton>
          </Tooltip>
        </Box>
      ))}
      <Button
        size="small"
        startIcon={<Icon name="add" />}
        onClick={() => edit({ headers: [...draft.headers, ["", ""]] })}
        sx={{ justifySelf: "start" }}
      >
        Header
      </Button>
    </Box>
  );
}
