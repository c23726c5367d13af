// Deploys from the browser: edited files, an upload, a repository or an image; shows build and start.
import { Box, Button, Tab, Tabs, TextField, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";
import { useSearchParams } from "react-router";
import { listRuntimes } from "../api/functions";
import { asProblem } from "../api/problem";
import type { Ref } from "../api/types";
import { ActionButton } from "../components/ActionButton";
import { ProblemAlert } from "../components/ProblemAlert";
import { Section } from "../components/Section";
import { useTitle } from "../components/useTitle";
import type { Source } from "../deploy/files";
import { gitDraftOf, gitOrigin, type GitDraft } from "../deploy/git";
import { GitSource } from "../deploy/GitSource";
import { MANIFEST, named, readManifest } from "../deploy/manifest";
import { Progress } from "../deploy/Progress";
import { UploadSource } from "../deploy/UploadSource";
import { useDeploy } from "../deploy/useDeploy";
import { WriteSource } from "../deploy/WriteSource";
import { useFunction } from "../live/LiveProvider";

type Way = "write" | "upload" | "git" | "image";

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const FIRST = "python";

export default function DeployPage() {
  useTitle("Deploy");
  const [parameters] = useSearchParams();
  const namespace = parameters.get("namespace") ?? "default";
  const known = parameters.get("name") ?? "";
  const [name, setName] = useState(known);
  const [chosenWay, setWay] = useState<Way | null>(null);
  const [image, setImage] = useState("");
  const [source, setSource] = useState<Source | null>(null);
  const [editedGit, setGit] = useState<GitDraft | null>(null);
  const runtimes = useQuery({
    queryKey: ["runtimes"],
    queryFn: ({ signal }) => listRuntimes(signal),
    staleTime: Infinity,
  });
  const write = useWriting(runtimes.data ?? []);
  const ref: Ref = { name, namespace };
  const { fn } = useFunction(ref);
  const way = chosenWay ?? (fn?.spec.source?.git == null ? "write" : "git");
  const git = editedGit ?? gitDraftOf(fn?.spec);
  const running = useDeploy(Object.keys(write.files));

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const manifestText = way === "write" ? write.files[MANIFEST] : source?.manifest;
    void running.start(
      ref,
      fn,
      () => {
        if (way === "image") {
          return { code: { origin: { image: image.trim() }, again: false }, settings: {} };
        }
        if (way === "git") {
          return { code: { origin: gitOrigin(git), again: true }, settings: {} };
        }
        const { settings } = readManifest(manifestText);
        const options = {
          runtime: settings.runtime ?? undefined,
          handler: settings.handler ?? undefined,
        };
        return { code: { upload: uploadOf(), options }, settings };
      },
      write.show,
    );
  };
  const uploadOf = () => {
    if (way === "upload" && source !== null) return source.upload;
    const manifest = named(write.files[MANIFEST], name);
    const files = manifest === undefined ? write.files : { ...write.files, [MANIFEST]: manifest };
    return { kind: "inline", files } as const;
  };
  const take = (next: Source | null) => {
    setSource(next);
    if (next !== null && name === "") setName(nameIn(next));
  };
  const isNamed = NAME.test(name) && name.length <= 63;
  const isComplete = {
    write: true,
    upload: source !== null,
    git: git.url.trim() !== "",
    image: image.trim() !== "",
  }[way];

  return (
    <>
      <Typography variant="h1" gutterBottom>
        {fn === undefined ? "Deploy a function" : `New version of ${name}`}
      </Typography>
      <Box
        component="form"
        onSubmit={submit}
        sx={{
          display: "grid",
          gap: 2,
          alignItems: "start",
          gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "minmax(0, 3fr) minmax(0, 2fr)" },
        }}
      >
        <Section title="Function">
          <Box sx={{ display: "grid", gap: 2 }}>
            <TextField
              label="Name"
              required
              value={name}
              onChange={(event) => setName(event.target.value)}
              error={name !== "" && !isNamed}
              helperText={
                name !== "" && !isNamed
                  ? "1 to 63 lower-case letters, digits and '-', starting and ending with a letter or digit"
                  : fn === undefined
                    ? "URL: /function/<name>"
                    : "Already exists: settings are kept, code is replaced when the new revision is ready"
              }
              slotProps={{
                htmlInput: { maxLength: 63, spellCheck: false, autoCapitalize: "none" },
              }}
            />
            <Tabs
              value={way}
              onChange={(_, next: Way) => setWay(next)}
              aria-label="Source of the code"
            >
              <Tab value="write" label="Write" />
              <Tab value="upload" label="Upload" />
              <Tab value="git" label="Git" />
              <Tab value="image" label="Image" />
            </Tabs>
            {runtimes.error !== null && <ProblemAlert problem={asProblem(runtimes.error)} />}
            {way === "write" && (
              <WriteSource
                {...write.props}
                runtimes={runtimes.data ?? []}
                errorPosition={running.errorPosition}
              />
            )}
            {way === "upload" && <UploadSource source={source} onSource={take} />}
            {way === "git" && (
              <GitSource
                draft={git}
                onDraft={setGit}
                runtimes={runtimes.data ?? []}
                fieldError={running.fieldError}
              />
            )}
            {way === "image" && (
              <TextField
                label="Image"
                value={image}
                onChange={(event) => setImage(event.target.value)}
                helperText="An image that follows the runtime contract: localhost:5001/orders:1.0"
              />
            )}
            <Box sx={{ display: "flex", gap: 1 }}>
              <ActionButton
                type="submit"
                variant="contained"
                size="large"
                loading={running.isRunning}
                disabled={!isNamed || !isComplete}
              >
                Deploy
              </ActionButton>
              {running.isRunning && <Button onClick={running.leave}>Cancel</Button>}
            </Box>
          </Box>
        </Section>
        <Progress outcome={running.outcome} lines={running.lines} />
      </Box>
    </>
  );
}

function nameIn(source: Source): string {
  try {
    return readManifest(source.manifest).name || source.name;
  } catch {
    return source.name;
  }
}

type Runtimes = Parameters<typeof WriteSource>[0]["runtimes"];

/** The edited files, initialized from the template of the selected runtime. */
function useWriting(runtimes: Runtimes) {
  const [runtime, setRuntime] = useState(FIRST);
  const [edited, setEdited] = useState<Record<string, string> | null>(null);
  const [file, setFile] = useState("");
  const template = runtimes.find((each) => each.name === runtime)?.template ?? {};
  const files = edited ?? template;
  const shown = file in files ? file : (Object.keys(files)[0] ?? "");
  const onRuntime = (name: string) => {
    setRuntime(name);
    setEdited(null);
    setFile("");
  };
  const props = { runtime, onRuntime, files, onFiles: setEdited, file: shown, onFile: setFile };
  return { files, show: setFile, props };
}
