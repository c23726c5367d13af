// The logs: live, filtered by text, or of one call.
import { Box, Chip, FormControlLabel, Switch, TextField, Typography } from "@mui/material";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { refOf, type Func } from "../api/types";
import { ProblemAlert } from "../components/ProblemAlert";
import { useLink } from "../live/LiveProvider";
import { found } from "./logBuffer";
import { LogList } from "./LogList";
import { useLogs } from "./useLogs";

export default function LogsTab({ fn }: { fn: Func }) {
  const [parameters, setParameters] = useSearchParams();
  const call = parameters.get("call") ?? "";
  const [follow, setFollow] = useState(true);
  const [search, setSearch] = useState("");
  const { lines, problem, isOpen } = useLogs(refOf(fn), follow, call, useLink());
  const shown = found(lines, search);
  const setCall = (id: string) => setParameters(id === "" ? {} : { call: id }, { replace: true });
  return (
    <>
      <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 2, mb: 2 }}>
        <TextField
          type="search"
          label="Search"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          sx={{ flexGrow: 1, maxWidth: 360 }}
        />
        <TextField
          label="Call id"
          value={call}
          onChange={(event) => setCall(event.target.value.trim())}
          slotProps={{ htmlInput: { maxLength: 128, spellCheck: false } }}
          sx={{ flexGrow: 1, maxWidth: 360 }}
        />
        <FormControlLabel
          control={<Switch checked={follow} onChange={(_, checked) => setFollow(checked)} />}
          label="Follow"
        />
        {follow && isOpen && (
          <Chip size="small" color="success" variant="outlined" label="Following" />
        )}
      </Box>
      {problem !== null && <ProblemAlert problem={problem} />}
      <LogList lines={shown} follow={follow} search={search} onCall={setCall} />
      <Typography role="status" variant="body2" color="textSecondary" sx={{ mt: 1 }}>
        {shown.length === lines.length
          ? `${lines.length} lines`
          : `${shown.length} of ${lines.length} lines`}
      </Typography>
    </>
  );
}
