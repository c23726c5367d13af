// The console's theme: a light and a dark color scheme, with system fonts.
import { createTheme } from "@mui/material";

export const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace";

export const theme = createTheme({
  cssVariables: { colorSchemeSelector: "data" },
  colorSchemes: {
    light: {
      palette: {
        primary: { main: "#3346d3" },
        success: { main: "#1b7a3d" },
        warning: { main: "#8a5300" },
        error: { main: "#c62828" },
        info: { main: "#0b6aa8" },
        background: { default: "#f6f7fb", paper: "#ffffff" },
      },
    },
    dark: {
      palette: {
        primary: { main: "#9fb0ff" },
        success: { main: "#5fd38d" },
        warning: { main: "#f2b866" },
        error: { main: "#ff8a80" },
        info: { main: "#7cc4f5" },
        background: { default: "#11131a", paper: "#1a1d27" },
      },
    },
  },
  shape: { borderRadius: 8 },
  typography: {
    fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    h1: { fontSize: "1.5rem", fontWeight: 650 },
    h2: { fontSize: "1.05rem", fontWeight: 650 },
    button: { textTransform: "none", fontWeight: 600 },
  },
  components: {
    MuiPaper: { defaultProps: { variant: "outlined" } },
    MuiButton: { defaultProps: { disableElevation: true } },
    MuiToggleButtonGroup: { defaultProps: { color: "primary" } },
    MuiTab: { styleOverrides: { root: { minHeight: 48 } } },
    MuiTextField: { defaultProps: { size: "small" } },
    MuiLink: { defaultProps: { underline: "hover" } },
    MuiCssBaseline: {
      styleOverrides: {
        html: { overflowY: "scroll" },
        "@media (prefers-reduced-motion: reduce)": {
          "*, *::before, *::after": { animation: "none !important", transition: "none !important" },
        },
      },
    },
  },
});
