// The icons of the console, as strokes on a 24-unit grid.
import { SvgIcon, type SvgIconProps } from "@mui/material";

const SHAPES = {
  add: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM5 15V4h10",
  dark: "M19 14.500A7.500 7.500 0 0 1 9.500 5 7.500 7.500 0 1 0 19 14.500z",
  delete: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  key: "M14 10a4 4 0 1 0-3.500 4L13 16.500h3v3h3v-3.500L13.800 11",
  light:
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2",
  logout: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
  open: "M13 5h6v6M19 5l-9 9M17 14v5H5V7h5",
  play: "M8 5l11 7-11 7z",
  refresh: "M19 12a7 7 0 1 1-2-5M19 4v4h-4",
  remove: "M5 12h14",
  search: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15.500 15.500L20 20",
  stop: "M7 7h10v10H7z",
  upload: "M12 16V5M7 9l5-5 5 5M5 19h14",
} as const;

export type IconName = keyof typeof SHAPES;

interface Props {
  name: IconName;
  fontSize?: SvgIconProps["fontSize"];
}

export function Icon({ name, fontSize = "small" }: Props) {
  return (
    <SvgIcon fontSize={fontSize} sx={{ fill: "none", stroke: "currentColor", strokeWidth: 1.8 }}>
      <path d={SHAPES[name]} strokeLinecap="round" strokeLinejoin="round" />
    </SvgIcon>
  );
}
