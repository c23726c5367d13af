// A button that changes something. For a viewer it is inactive, with the reason as a tooltip.
import { Button, Tooltip, type ButtonProps } from "@mui/material";
import type { SyntheticEvent } from "react";
import { Link } from "react-router";
import { useIsViewer, VIEWER_REASON } from "../session/role";

type ButtonAppearance = Pick<
  ButtonProps,
  "children" | "color" | "disabled" | "loading" | "size" | "startIcon" | "type" | "variant"
>;

interface Props extends ButtonAppearance {
  /** Target path, for a link. */
  to?: string;
  onClick?: () => void;
  onBlur?: () => void;
  /** Whether viewers may use it too. */
  forAll?: boolean;
}

const OFF = { opacity: 0.5, cursor: "not-allowed" } as const;

function preventAction(event: SyntheticEvent) {
  event.preventDefault();
}

export function ActionButton({ to, forAll = false, ...props }: Props) {
  const isViewer = useIsViewer();
  if (isViewer && !forAll) return <ViewerButton {...props} />;
  return to === undefined ? <Button {...props} /> : <Button {...props} component={Link} to={to} />;
}

/** Stays focusable, unlike a disabled button, so that screen readers announce the reason. */
function ViewerButton(props: ButtonAppearance) {
  return (
    <Tooltip title={VIEWER_REASON} describeChild>
      <Button
        {...props}
        type="button"
        disabled={false}
        loading={false}
        aria-disabled
        disableRipple
        onClick={preventAction}
        sx={OFF}
      />
    </Tooltip>
  );
}
