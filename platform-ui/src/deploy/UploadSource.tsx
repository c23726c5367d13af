// A folder, a zip or one file, dropped or selected.
import { Box, Button, Typography } from "@mui/material";
import { useRef, useState, type DragEvent, type RefObject } from "react";
import { asProblem, type ApiProblem } from "../api/problem";
import { bytes } from "../components/ago";
import { Icon } from "../components/Icon";
import { ProblemAlert } from "../components/ProblemAlert";
import { chosen, dropped, sourceOf, type FoundFile, type Source } from "./files";

interface Props {
  source: Source | null;
  onSource: (source: Source | null) => void;
}

export function UploadSource({ source, onSource }: Props) {
  const [isOver, setOver] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const folder = useRef<HTMLInputElement>(null);
  const file = useRef<HTMLInputElement>(null);

  const take = async (found: Promise<FoundFile[]>) => {
    setProblem(null);
    try {
      onSource(await sourceOf(await found));
    } catch (error) {
      onSource(null);
      setProblem(asProblem(error));
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(dropped(event.dataTransfer.items));
  };
  const input = (
    reference: RefObject<HTMLInputElement | null>,
    label: string,
    isFolder: boolean,
  ) => (
    <input
      ref={reference}
      type="file"
      hidden
      aria-label={label}
      {...(isFolder ? { webkitdirectory: "" } : { accept: ".zip,.py" })}
      onChange={(event) => {
        const list = event.target.files;
        if (list !== null && list.length > 0) void take(Promise.resolve(chosen(list)));
        event.target.value = "";
      }}
    />
  );
  return (
    <Box sx={{ display: "grid", gap: 2 }}>
      <Box
        data-testid="drop"
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        sx={{
          display: "grid",
          placeItems: "center",
          gap: 2,
          p: 4,
          minHeight: 220,
          border: 2,
          borderStyle: "dashed",
          borderColor: isOver ? "primary.main" : "divider",
          borderRadius: 1,
          bgcolor: isOver ? "action.hover" : "transparent",
          textAlign: "center",
        }}
      >
        <Icon name="upload" fontSize="large" />
        <Typography role="status">
          {source === null
            ? "Drop a folder, a zip or a .py file here"
            : `${source.label}: ${source.files} ${source.files === 1 ? "file" : "files"}, ${bytes(source.size)}`}
        </Typography>
        <Box sx={{ display: "flex", gap: 1 }}>
          <Button variant="outlined" onClick={() => folder.current?.click()}>
            Choose a folder
          </Button>
          <Button variant="outlined" onClick={() => file.current?.click()}>
            Choose a file
          </Button>
        </Box>
        {input(folder, "Folder", true)}
        {input(file, "Zip or Python file", false)}
      </Box>
      {problem !== null && <ProblemAlert problem={problem} />}
    </Box>
  );
}
