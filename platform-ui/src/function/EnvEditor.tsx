// Environment variables, one per row: a value, or a key of a secret.
import { Box, Button, IconButton, MenuItem, TextField, Tooltip } from "@mui/material";
import type { Secret } from "../api/types";
import { Icon } from "../components/Icon";
import { EMPTY_ROW, type EnvRow } from "./settings";

interface Props {
  rows: readonly EnvRow[];
  secrets: readonly Secret[];
  onChange: (rows: EnvRow[]) => void;
  messageOf: (path: string) => string | undefined;
}

export function EnvEditor({ rows, secrets, onChange, messageOf }: Props) {
  const set = (index: number, change: Partial<EnvRow>) =>
    onChange(rows.map((row, i) => (i === index ? { ...row, ...change } : row)));
  return (
    <Box sx={{ display: "grid", gap: 1.5 }}>
      {rows.map((row, index) => {
        const message = messageOf(`spec.env[${index}]`);
        return (
          <Box key={index} sx={{ display: "flex", flexWrap: { xs: "wrap", sm: "nowrap" }, gap: 1 }}>
            <TextField
              label={`Name ${index + 1}`}
              value={row.name}
              onChange={(event) => set(index, { name: event.target.value })}
              error={message !== undefined}
              helperText={message ?? ""}
              sx={{ flex: "1 1 160px" }}
            />
            <TextField
              select
              label={`Kind ${index + 1}`}
              value={row.kind}
              onChange={(event) => set(index, { kind: event.target.value as EnvRow["kind"] })}
              sx={{ flex: "0 0 110px" }}
            >
              <MenuItem value="value">Value</MenuItem>
              <MenuItem value="secret">Secret</MenuItem>
            </TextField>
            {row.kind === "value" ? (
              <TextField
                label={`Value ${index + 1}`}
                value={row.value}
                onChange={(event) => set(index, { value: event.target.value })}
                sx={{ flex: "2 1 200px" }}
              />
            ) : (
              <SecretKey row={row} index={index} secrets={secrets} set={set} />
            )}
            <Tooltip title="Remove">
              <IconButton
                aria-label={`Remove variable ${index + 1}`}
                onClick={() => onChange(rows.filter((_, i) => i !== index))}
                sx={{ alignSelf: "start" }}
              >
                <Icon name="close" />
              </IconButton>
            </Tooltip>
          </Box>
        );
      })}
      <Button
        startIcon={<Icon name="add" />}
        onClick={() => onChange([...rows, EMPTY_ROW])}
        sx={{ justifySelf: "start" }}
      >
        Variable
      </Button>
    </Box>
  );
}

interface KeyProps {
  row: EnvRow;
  index: number;
  secrets: readonly Secret[];
  set: (index: number, change: Partial<EnvRow>) => void;
}

function SecretKey({ row, index, secrets, set }: KeyProps) {
  const known = secrets.map(({ name }) => name);
  const names = row.secret === "" || known.includes(row.secret) ? known : [...known, row.secret];
  const keys = secrets.find(({ name }) => name === row.secret)?.keys ?? [];
  const shown = row.key === "" || keys.includes(row.key) ? keys : [...keys, row.key];
  return (
    <>
      <TextField
        select
        label={`Secret ${index + 1}`}
        value={row.secret}
        onChange={(event) => set(index, { secret: event.target.value, key: "" })}
        sx={{ flex: "1 1 120px" }}
      >
        {names.map((name) => (
          <MenuItem key={name} value={name}>
            {name}
          </MenuItem>
        ))}
      </TextField>
      <TextField
        select
        label={`Key ${index + 1}`}
        value={row.key}
        onChange={(event) => set(index, { key: event.target.value })}
        sx={{ flex: "1 1 120px" }}
      >
        {shown.map((key) => (
          <MenuItem key={key} value={key}>
            {key}
          </MenuItem>
        ))}
      </TextField>
    </>
  );
}
