// The number of replicas: by load between two limits, or fixed.
import { Box, MenuItem, TextField, ToggleButton, ToggleButtonGroup } from "@mui/material";
import { useState, type SyntheticEvent } from "react";
import { scaleFunction } from "../api/functions";
import { refOf, type Func, type ScaleChange } from "../api/types";
import { ActionButton } from "../components/ActionButton";
import { Section } from "../components/Section";
import { useAction } from "../live/useAction";

export function ScaleForm({ fn }: { fn: Func }) {
  const { scale } = fn.spec;
  const [isFixed, setFixed] = useState(scale.replicas != null);
  const [replicas, setReplicas] = useState(String(scale.replicas ?? 1));
  const [min, setMin] = useState(String(scale.min));
  const [max, setMax] = useState(String(scale.max));
  const [idle, setIdle] = useState(scale.idle);
  const [whenIdle, setWhenIdle] = useState(scale.whenIdle);
  const action = useAction<ScaleChange>(fn, {
    run: (change) => scaleFunction(refOf(fn), change),
    predict: (before, change) => ({
      ...before,
      spec: {
        ...before.spec,
        scale: { ...before.spec.scale, ...(change as Partial<typeof scale>) },
      },
    }),
    successMessage: ({ spec }) =>
      spec.scale.replicas == null
        ? `Scaled by load, ${spec.scale.min} to ${spec.scale.max} replicas`
        : `Scaled to ${spec.scale.replicas} replicas`,
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    action.mutate(
      isFixed
        ? { replicas: Number(replicas) }
        : { replicas: null, min: Number(min), max: Number(max), idle, whenIdle },
    );
  };
  const number = { type: "number", slotProps: { htmlInput: { min: 0, max: 1000, step: 1 } } };
  return (
    <Section title="Scale">
      <Box component="form" onSubmit={submit} sx={{ display: "grid", gap: 2 }}>
        <ToggleButtonGroup
          exclusive
          fullWidth
          size="small"
          aria-label="Scaling mode"
          value={isFixed ? "fixed" : "load"}
          onChange={(_, value: string | null) =>
            setFixed(value === null ? isFixed : value === "fixed")
          }
        >
          <ToggleButton value="load">By load</ToggleButton>
          <ToggleButton value="fixed">Fixed</ToggleButton>
        </ToggleButtonGroup>
        {isFixed ? (
          <TextField
            {...number}
            label="Replicas"
            required
            value={replicas}
            onChange={(event) => setReplicas(event.target.value)}
          />
        ) : (
          <>
            <Box sx={{ display: "flex", gap: 1 }}>
              <TextField
                {...number}
                fullWidth
                label="Minimum"
                required
                value={min}
                onChange={(event) => setMin(event.target.value)}
              />
              <TextField
                {...number}
                fullWidth
                label="Maximum"
                required
                value={max}
                onChange={(event) => setMax(event.target.value)}
              />
            </Box>
            <TextField
              label="Idle after"
              required
              value={idle}
              onChange={(event) => setIdle(event.target.value)}
              helperText="Time without calls before scaling to zero, if the minimum is 0: 60s, 5m"
            />
            <TextField
              select
              label="When idle"
              value={whenIdle}
              onChange={(event) => setWhenIdle(event.target.value as typeof whenIdle)}
              helperText="Pause keeps one replica in memory for a faster start, if the backend supports it"
            >
              <MenuItem value="stop">Stop</MenuItem>
              <MenuItem value="pause">Pause</MenuItem>
            </TextField>
          </>
        )}
        <ActionButton
          type="submit"
          variant="contained"
          loading={action.isPending}
          disabled={fn.metadata.deletionTimestamp != null}
        >
          Scale
        </ActionButton>
      </Box>
    </Section>
  );
}
