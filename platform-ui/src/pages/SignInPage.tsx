// Sign-in with a token, which is checked before it is stored.
import {
  Alert,
  Box,
  Button,
  Checkbox,
  FormControlLabel,
  FormHelperText,
  Paper,
  TextField,
  Typography,
} from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { useState, useSyncExternalStore, type SyntheticEvent } from "react";
import { API_URL } from "../api/client";
import { ApiProblem, asProblem, problemFrom } from "../api/problem";
import type { SystemInfo } from "../api/types";
import { ProblemAlert } from "../components/ProblemAlert";
import { useTitle } from "../components/useTitle";
import { SYSTEM } from "../session/role";
import { session } from "../session/token";

export function SignInPage() {
  useTitle("Sign in");
  const ended = useSyncExternalStore(session.subscribe, session.reason);
  const client = useQueryClient();
  const [token, setToken] = useState("");
  const [keep, setKeep] = useState(false);
  const [isChecking, setChecking] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setChecking(true);
    const result = await checkToken(token.trim());
    setChecking(false);
    if (result instanceof ApiProblem) {
      setProblem(result);
      return;
    }
    client.setQueryData(SYSTEM, result);
    session.set(token.trim(), keep);
  };

  return (
    <Box component="main" sx={{ minHeight: "100dvh", display: "grid", placeItems: "center", p: 2 }}>
      <Paper
        component="form"
        onSubmit={submit}
        sx={{ p: 3, width: 1, maxWidth: 420, display: "grid", gap: 2 }}
      >
        <Typography variant="h1">Sign in to plat</Typography>
        {ended !== null && problem === null && <Alert severity="info">Signed out: {ended}</Alert>}
        {problem !== null && <ProblemAlert problem={problem} />}
        <TextField
          label="Token"
          type="password"
          name="token"
          autoComplete="current-password"
          autoFocus
          required
          fullWidth
          size="medium"
          value={token}
          onChange={(event) => setToken(event.target.value)}
          helperText="The platform's AUTH_TOKEN; dev-token by default."
        />
        <FormControlLabel
          control={
            <Checkbox checked={keep} onChange={(_, checked) => setKeep(checked)} name="keep" />
          }
          label="Stay signed in until this tab is closed"
        />
        <FormHelperText sx={{ mt: -1.5 }}>
          If unset, a reload asks for the token again. If set, do not open pages of functions in
          this tab: they could read the token.
        </FormHelperText>
        <Button type="submit" variant="contained" size="large" loading={isChecking}>
          Sign in
        </Button>
      </Paper>
    </Box>
  );
}

async function checkToken(token: string): Promise<SystemInfo | ApiProblem> {
  try {
    const response = await fetch(`${API_URL}/system/info`, {
      headers: { Authorization: `Bearer ${token}` },
      credentials: "omit",
    });
    return response.ok ? ((await response.json()) as SystemInfo) : await problemFrom(response);
  } catch (error) {
    return asProblem(error);
  }
}
