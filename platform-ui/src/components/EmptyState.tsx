// The dashboard without functions: two ways to create the first one.
import { Box, Paper, Typography } from "@mui/material";
import { MONO } from "../theme";
import { ActionButton } from "./ActionButton";
import { CopyButton } from "./CopyButton";

const COMMANDS = "plat init hello\nplat deploy hello";

export function EmptyState() {
  return (
    <Paper sx={{ p: { xs: 3, sm: 6 }, textAlign: "center", maxWidth: 640, mx: "auto", mt: 4 }}>
      <Typography variant="h1" gutterBottom>
        Your first function
      </Typography>
      <Typography color="textSecondary" sx={{ mb: 3 }}>
        Write it here and call it in a few seconds. It scales to zero when idle and starts again at
        the next call.
      </Typography>
      <ActionButton to="/deploy" variant="contained" size="large">
        Deploy from the browser
      </ActionButton>
      <Typography color="textSecondary" sx={{ mt: 4, mb: 1 }}>
        Or in a terminal:
      </Typography>
      <Box
        sx={{
          display: "flex",
          alignItems: "start",
          justifyContent: "space-between",
          bgcolor: "background.default",
          borderRadius: 1,
          p: 2,
          textAlign: "left",
        }}
      >
        <Box component="pre" sx={{ m: 0, fontFamily: MONO }}>
          {COMMANDS}
        </Box>
        <CopyButton text={COMMANDS} label="Copy the commands" />
      </Box>
    </Paper>
  );
}
