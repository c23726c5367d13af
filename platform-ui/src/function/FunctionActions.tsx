// The actions on a function: stop or start, redeploy, new version, delete.
import { Box } from "@mui/material";
import { useState } from "react";
import { redeployFunction, startFunction, stopFunction } from "../api/functions";
import { refOf, type Func } from "../api/types";
import { ActionButton } from "../components/ActionButton";
import { Icon } from "../components/Icon";
import { useAction } from "../live/useAction";
import { DeleteDialog } from "./DeleteDialog";

function suspended(fn: Func, suspend: boolean): Func {
  return { ...fn, spec: { ...fn.spec, suspend } };
}

export function FunctionActions({ fn }: { fn: Func }) {
  const ref = refOf(fn);
  const [isDeleting, setDeleting] = useState(false);
  const stop = useAction(fn, {
    run: () => stopFunction(ref),
    predict: (before) => suspended(before, true),
    successMessage: () => `${ref.name} is stopping; calls get 503`,
  });
  const start = useAction(fn, {
    run: () => startFunction(ref),
    predict: (before) => suspended(before, false),
    successMessage: () => `${ref.name} starts`,
  });
  const redeploy = useAction(fn, {
    run: () => redeployFunction(ref),
    successMessage: () =>
      fn.spec.source?.git || fn.spec.source?.archive
        ? `${ref.name} is being fetched and rebuilt`
        : `${ref.name} is rolling out a new revision of the same artifact`,
  });
  const isGoing = fn.metadata.deletionTimestamp != null;
  const isBusy = stop.isPending || start.isPending || redeploy.isPending || isGoing;
  return (
    <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1 }}>
      {fn.spec.suspend ? (
        <ActionButton
          variant="contained"
          startIcon={<Icon name="play" />}
          disabled={isBusy}
          onClick={() => start.mutate()}
        >
          Start
        </ActionButton>
      ) : (
        <ActionButton
          variant="outlined"
          startIcon={<Icon name="stop" />}
          disabled={isBusy}
          onClick={() => stop.mutate()}
        >
          Stop
        </ActionButton>
      )}
      <ActionButton
        variant="outlined"
        startIcon={<Icon name="refresh" />}
        disabled={isBusy || fn.spec.suspend}
        onClick={() => redeploy.mutate()}
      >
        Redeploy
      </ActionButton>
      <ActionButton
        variant="outlined"
        to={`/deploy?name=${ref.name}&namespace=${ref.namespace}`}
        startIcon={<Icon name="upload" />}
        disabled={isGoing}
      >
        New version
      </ActionButton>
      <ActionButton
        color="error"
        startIcon={<Icon name="delete" />}
        disabled={isGoing}
        onClick={() => setDeleting(true)}
      >
        Delete
      </ActionButton>
      <DeleteDialog fn={fn} isOpen={isDeleting} onClose={() => setDeleting(false)} />
    </Box>
  );
}
