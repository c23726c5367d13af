// A button that changes something. A viewer can reach it, and is told why it does nothing.
import { Button, Tooltip, type ButtonProps } from "@mui/material";
import type { SyntheticEvent } from "react";
import { Link } from "react-router";
import { useIsViewer, VIEWER_REASON } from "../session/role";

type Looks = Pick<
  ButtonProps,
  "children" | "color" | "disabled" | "loading" | "size" | "startIcon" | "type" | "variant"
>;

interface Props extends Looks {
  /** Where it leads, for one that is a link. */
  to?: string;
  onClick?: () => void;
  onBlur?: () => void;
  /** For what a viewer may do, too. */
  forAll?: boolean;
}

const OFF = { opacity: 0.5, cursor: "not-allowed" } as const;

function refuse(event: SyntheticEvent) {
  event.preventDefault();
}

export function ActionButton({ to, forAll = false, ...props }: Props) {
  const isViewer = useIsViewer();
  if (isViewer && !forAll) return <Refused {...props} />;
  return to === undefined ? <Button {...props} /> : <Button {...props} component={Link} to={to} />;
}

/** It keeps the focus that a disabled button would not get, so that its reason is heard. */
function Refused(props: Looks) {
  return (
    <Tooltip title={VIEWER_REASON} describeChild>
      <Button
        {...props}
        type="button"
        disabled={false}
        loading={false}
        aria-disabled
        disableRipple
        onClick={refuse}
        sx={OFF}
      />
    </Tooltip>
  );
}
