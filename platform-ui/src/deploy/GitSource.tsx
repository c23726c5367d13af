// A directory of a git repository, which the platform fetches.
import { Box, MenuItem, TextField } from "@mui/material";
import type { Runtime } from "../api/types";
import type { GitDraft, GitField, SourceFieldError } from "./git";

interface Props {
  draft: GitDraft;
  onDraft: (draft: GitDraft) => void;
  runtimes: readonly Runtime[];
  /** The error that the platform reported, and its field. */
  fieldError: SourceFieldError | null;
}

const HINTS: Readonly<Record<GitField, string>> = {
  url: "https:// or ssh://; private repositories are fetched by ssh with the platform's deploy key",
  ref: "Default: the main branch; a full commit id is immutable",
  path: "Folder of the function; default: the root",
};

export function GitSource({ draft, onDraft, runtimes, fieldError }: Props) {
  const field = (key: GitField, label: string) => (
    <TextField
      label={label}
      required={key === "url"}
      fullWidth
      value={draft[key]}
      onChange={(event) => onDraft({ ...draft, [key]: event.target.value })}
      error={fieldError?.field === key}
      helperText={fieldError?.field === key ? fieldError.message : HINTS[key]}
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
