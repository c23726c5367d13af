// Secrets: names and keys; values can be written but not read.
import { Box, Chip, TextField, Typography } from "@mui/material";
import { Loading } from "../components/Loading";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";
import { deleteSecret, listSecrets, putSecret } from "../api/functions";
import { asProblem } from "../api/problem";
import { ActionButton } from "../components/ActionButton";
import { ProblemAlert } from "../components/ProblemAlert";
import { Section } from "../components/Section";
import { toasts } from "../components/toasts";
import { useTitle } from "../components/useTitle";

const NAMESPACE = "default";
const KEY = ["secrets", NAMESPACE];

export default function SecretsPage() {
  useTitle("Secrets");
  const { data, error, isPending } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => listSecrets(NAMESPACE, signal),
  });
  return (
    <>
      <Typography variant="h1" gutterBottom>
        Secrets
      </Typography>
      <Box
        sx={{
          display: "grid",
          gap: 2,
          alignItems: "start",
          gridTemplateColumns: { xs: "minmax(0, 1fr)", md: "minmax(0, 2fr) minmax(0, 1fr)" },
        }}
      >
        <Section title="Stored">
          {isPending && <Loading height={80} />}
          {error !== null && <ProblemAlert problem={asProblem(error)} />}
          {data?.length === 0 && (
            <Typography color="textSecondary">
              No secrets yet. Add secrets to a function in its settings.
            </Typography>
          )}
          <Box component="ul" sx={{ listStyle: "none", p: 0, m: 0, display: "grid", gap: 1 }}>
            {data?.map((secret) => (
              <Stored key={secret.name} name={secret.name} keys={secret.keys} />
            ))}
          </Box>
        </Section>
        <SecretForm />
      </Box>
    </>
  );
}

function useChange<Input>(
  run: (input: Input) => Promise<unknown>,
  successMessage: (input: Input) => string,
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: (_, input) => toasts.add({ severity: "success", message: successMessage(input) }),
    onError: (error) => toasts.addProblem(asProblem(error)),
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
}

function Stored({ name, keys }: { name: string; keys: readonly string[] }) {
  const [isConfirming, setConfirming] = useState(false);
  const remove = useChange(
    () => deleteSecret({ name, namespace: NAMESPACE }),
    () => `${name} is deleted`,
  );
  return (
    <Box component="li" sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1 }}>
      <strong>{name}</strong>
      <Box sx={{ flexGrow: 1, display: "flex", flexWrap: "wrap", gap: 0.5 }}>
        {keys.map((key) => (
          <Chip key={key} size="small" variant="outlined" label={key} />
        ))}
      </Box>
      <ActionButton
        size="small"
        color="error"
        variant={isConfirming ? "contained" : "text"}
        loading={remove.isPending}
        onClick={() => (isConfirming ? remove.mutate(undefined) : setConfirming(true))}
        onBlur={() => setConfirming(false)}
      >
        {isConfirming ? `Confirm: delete ${name}` : "Delete"}
      </ActionButton>
    </Box>
  );
}

function SecretForm() {
  const [name, setName] = useState("");
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const put = useChange(
    () => putSecret({ name, namespace: NAMESPACE }, { [key]: value }),
    () => `${name} is stored`,
  );
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    put.mutate(undefined, { onSuccess: () => setValue("") });
  };
  return (
    <Section title="Add a secret">
      <Box component="form" onSubmit={submit} sx={{ display: "grid", gap: 2 }}>
        <TextField
          label="Name"
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <TextField
          label="Key"
          required
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <TextField
          label="Value"
          required
          type="password"
          autoComplete="off"
          value={value}
          onChange={(event) => setValue(event.target.value)}
          helperText="Replaces all keys of an existing secret."
        />
        <ActionButton type="submit" variant="contained" loading={put.isPending}>
          Store
        </ActionButton>
      </Box>
    </Section>
  );
}
