// A folder in a git repository, which the platform reads by itself.
import { Box, MenuItem, TextField } from "@mui/material";
import type { Runtime } from "../api/types";
import type { GitDraft, GitField, GuiltyField } from "./git";

interface Props {
  draft: GitDraft;
  onDraft: (draft: GitDraft) => void;
  runtimes: readonly Runtime[];
  /** What the platform said is wrong, and with which of the fields. */
  guilty: GuiltyField | null;
}

const HINTS: Readonly<Record<GitField, string>> = {
  url: "https:// or ssh://; a private repository is read by ssh, with the platform's deploy key",
  ref: "Left out: the main branch; a whole commit never changes its mind",
  path: "The folder in it; left out: its root",
};

export function GitSource({ draft, onDraft, runtimes, guilty }: Props) {
  const field = (key: GitField, label: string) => (
    <TextField
      label={label}
      required={key === "url"}
      fullWidth
      value={draft[key]}
      onChange={(event) => onDraft({ ...draft, [key]: event.target.value })}
      error={guilty?.field === key}
      helperText={guilty?.field === key ? guilty.message : HINTS[key]}
      slotProps={{ htmlInput: { maxLength: 2008, spellCheck: false, autoCapitalize: "none" } }}
    />
  );
  return (
    <Box sx={{ display: "grid", gap: 2 }}>
      {field("url", "Repository")}
      <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr", sm: "1fr 1fr" } }}>
        {field("ref", "Branch, tag or commit")}
        {field("path", "Folder")}
      </Box>
      <TextField
        select
        label="Runtime"
        value={runtimes.some(({ name }) => name === draft.runtime) ? draft.runtime : ""}
        onChange={(event) => onDraft({ ...draft, runtime: event.target.value })}
        slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
      >
        <MenuItem value="">As its function.json says</MenuItem>
        {runtimes.map(({ name }) => (
          <MenuItem key={name} value={name}>
            {name}
          </MenuItem>
        ))}
      </TextField>
    </Box>
  );
}
