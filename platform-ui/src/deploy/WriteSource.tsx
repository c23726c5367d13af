// Edits a function in the browser: the files of a template as tabs over the editor.
import {
  Box,
  Button,
  MenuItem,
  Paper,
  Tab,
  Tabs,
  TextField,
  useColorScheme,
  useMediaQuery,
} from "@mui/material";
import { Loading } from "../components/Loading";
import { lazy, Suspense } from "react";
import type { Runtime } from "../api/types";
import { Icon } from "../components/Icon";
import type { Mark } from "./Editor";
import type { SourcePosition } from "./errorPosition";

const Editor = lazy(() => import("./Editor"));

interface Props {
  runtimes: readonly Runtime[];
  runtime: string;
  onRuntime: (name: string) => void;
  files: Readonly<Record<string, string>>;
  onFiles: (files: Record<string, string>) => void;
  file: string;
  onFile: (file: string) => void;
  errorPosition: (SourcePosition & { message: string }) | null;
}

export function WriteSource({
  runtimes,
  runtime,
  onRuntime,
  files,
  onFiles,
  file,
  onFile,
  errorPosition,
}: Props) {
  const { mode } = useColorScheme();
  const prefersDark = useMediaQuery("(prefers-color-scheme: dark)");
  const mark: Mark | null =
    errorPosition?.file === file
      ? { line: errorPosition.line, message: errorPosition.message }
      : null;
  const names = Object.keys(files);
  const add = () => {
    const name = window.prompt("Path of the new file")?.trim();
    if (!name || name in files) return;
    onFiles({ ...files, [name]: "" });
    onFile(name);
  };
  return (
    <Box sx={{ display: "grid", gap: 2 }}>
      <TextField
        select
        label="Template"
        value={runtimes.some(({ name }) => name === runtime) ? runtime : ""}
        onChange={(event) => onRuntime(event.target.value)}
        helperText={runtimes.find(({ name }) => name === runtime)?.description ?? " "}
      >
        {runtimes.map(({ name }) => (
          <MenuItem key={name} value={name}>
            {name}
          </MenuItem>
        ))}
      </TextField>
      <Paper sx={{ overflow: "hidden" }}>
        <Box
          sx={{ display: "flex", alignItems: "center", borderBottom: 1, borderColor: "divider" }}
        >
          <Tabs
            value={file}
            onChange={(_, name: string) => onFile(name)}
            variant="scrollable"
            aria-label="Files"
            sx={{ flexGrow: 1, minWidth: 0 }}
          >
            {names.map((name) => (
              <Tab
                key={name}
                value={name}
                id={`file-${name}`}
                aria-controls="editor"
                label={errorPosition?.file === name ? `${name} ●` : name}
                sx={{ color: errorPosition?.file === name ? "error.main" : undefined }}
              />
            ))}
          </Tabs>
          <Button
            size="small"
            startIcon={<Icon name="add" />}
            onClick={add}
            sx={{ mx: 1, flex: "none" }}
          >
            File
          </Button>
        </Box>
        <Box role="tabpanel" id="editor" aria-labelledby={`file-${file}`} sx={{ height: 360 }}>
          <Suspense fallback={<Loading height={360} label="Loading the editor" />}>
            {file in files && (
              <Editor
                key={`${runtime}:${file}`}
                file={file}
                text={files[file] ?? ""}
                isDark={mode === "dark" || (mode !== "light" && prefersDark)}
                mark={mark}
                onChange={(text) => onFiles({ ...files, [file]: text })}
              />
            )}
          </Suspense>
        </Box>
      </Paper>
    </Box>
  );
}
