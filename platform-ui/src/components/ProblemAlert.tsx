// An error in place of its result: what happened and what to do next.
import { Alert, AlertTitle, Box, Typography } from "@mui/material";
import type { ApiProblem } from "../api/problem";
import { MONO } from "../theme";

export function ProblemAlert({ problem }: { problem: ApiProblem }) {
  return (
    <Alert severity="error" sx={{ overflowWrap: "anywhere" }}>
      <AlertTitle sx={{ whiteSpace: "pre-wrap" }}>{problem.message}</AlertTitle>
      {problem.fix}
      {problem.errors.length > 0 && (
        <Box component="ul" sx={{ pl: 2, my: 0.5 }}>
          {problem.errors.map(({ field, message }) => (
            <li key={field + message}>
              <code>{field}</code>: {message}
            </li>
          ))}
        </Box>
      )}
      {problem.callId !== "" && (
        <Typography variant="caption" component="div" sx={{ fontFamily: MONO }}>
          call {problem.callId}
        </Typography>
      )}
    </Alert>
  );
}
