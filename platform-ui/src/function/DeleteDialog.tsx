// Confirms a deletion by asking for the function's name.
import {
  Button,
  Dialog,
  DialogActions,
  DialogContent,
  DialogContentText,
  DialogTitle,
  TextField,
} from "@mui/material";
import { useState, type SyntheticEvent } from "react";
import { useNavigate } from "react-router";
import { deleteFunction } from "../api/functions";
import { refOf, type Func } from "../api/types";
import { useAction } from "../live/useAction";

interface Props {
  fn: Func;
  isOpen: boolean;
  onClose: () => void;
}

export function DeleteDialog({ fn, isOpen, onClose }: Props) {
  const navigate = useNavigate();
  const ref = refOf(fn);
  const [typed, setTyped] = useState("");
  const remove = useAction(fn, {
    run: () => deleteFunction(ref),
    predict: (before) => ({
      ...before,
      metadata: { ...before.metadata, deletionTimestamp: new Date().toISOString() },
    }),
    successMessage: () => `${ref.name} is being deleted`,
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (typed !== ref.name) return;
    remove.mutate(undefined, { onSuccess: () => void navigate("/") });
    onClose();
  };
  return (
    <Dialog
      open={isOpen}
      onClose={onClose}
      slotProps={{ paper: { component: "form", onSubmit: submit } }}
      aria-labelledby="delete-title"
    >
      <DialogTitle id="delete-title">Delete {ref.name}?</DialogTitle>
      <DialogContent>
        <DialogContentText sx={{ mb: 2 }}>
          Calls are rejected at once, and all replicas and revisions are deleted. This cannot be
          undone.
        </DialogContentText>
        <TextField
          autoFocus
          fullWidth
          label={`Type ${ref.name} to confirm`}
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" color="error" variant="contained" disabled={typed !== ref.name}>
          Delete
        </Button>
      </DialogActions>
    </Dialog>
  );
}
