// The last calls of this tab; a click loads one into the form.
import { Box, Chip, List, ListItem, ListItemButton, Typography } from "@mui/material";
import { Ago } from "../components/Ago";
import { duration } from "../components/ago";
import { Section } from "../components/Section";
import { useNow } from "../components/useNow";
import type { Draft } from "./call";
import type { Past } from "./history";

interface Props {
  past: readonly Past[];
  onPick: (draft: Draft) => void;
}

export function HistoryList({ past, onPick }: Props) {
  const now = useNow();
  if (past.length === 0) return null;
  return (
    <Section title="History">
      <List dense disablePadding aria-label="Earlier calls">
        {past.map(({ time, draft, status, milliseconds }) => (
          <ListItem key={time} disablePadding>
            <ListItemButton onClick={() => onPick(draft)} sx={{ gap: 1 }}>
              <Chip
                size="small"
                variant="outlined"
                label={status}
                color={status < 400 ? "success" : "error"}
              />
              <Box sx={{ flexGrow: 1, minWidth: 0 }}>
                <Typography noWrap variant="body2">
                  {draft.method} {draft.path}
                </Typography>
              </Box>
              <Typography variant="body2" color="textSecondary" noWrap>
                {duration(milliseconds / 1000)} ·{" "}
                <Ago at={new Date(time).toISOString()} now={now} />
              </Typography>
            </ListItemButton>
          </ListItem>
        ))}
      </List>
    </Section>
  );
}
