// The code editor, a separate chunk that loads only on the page that needs it.
import {
  defaultKeymap,
  history,
  historyKeymap,
  indentLess,
  indentMore,
} from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { Box } from "@mui/material";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import { nonce } from "../nonce";
import { MONO } from "../theme";

export interface Mark {
  line: number;
  message: string;
}

interface Props {
  file: string;
  text: string;
  isDark: boolean;
  mark: Mark | null;
  onChange: (text: string) => void;
}

const DARK = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "#c4a7ff" },
  { tag: [tags.string, tags.special(tags.string)], color: "#9ece8a" },
  { tag: [tags.number, tags.bool, tags.null], color: "#f2b866" },
  { tag: tags.comment, color: "#9aa3b8", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.propertyName], color: "#7cc4f5" },
]);

const LIGHT = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "#6b21a8" },
  { tag: [tags.string, tags.special(tags.string)], color: "#1b6b35" },
  { tag: [tags.number, tags.bool, tags.null], color: "#8a4b00" },
  { tag: tags.comment, color: "#5b6472", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.propertyName], color: "#1d4ed8" },
]);

function languageOf(file: string): Extension {
  if (file.endsWith(".py")) return python();
  return file.endsWith(".json") ? json() : [];
}

function looks(isDark: boolean): Extension {
  const theme = EditorView.theme(
    {
      "&": {
        fontSize: "14px",
        height: "100%",
        backgroundColor: "var(--mui-palette-background-paper)",
      },
      ".cm-content": { fontFamily: MONO, caretColor: "var(--mui-palette-text-primary)" },
      ".cm-gutters": {
        backgroundColor: "var(--mui-palette-background-default)",
        color: "var(--mui-palette-text-secondary)",
        border: "none",
      },
      ".cm-scroller": { overflow: "auto" },
      // CodeMirror's own markers are data: images, which the content policy blocks.
      ".cm-lint-marker-error": {
        content: '""',
        borderRadius: "50%",
        backgroundColor: "var(--mui-palette-error-main)",
      },
      ".cm-lintRange-error": {
        backgroundImage: "none",
        textDecoration: "underline wavy var(--mui-palette-error-main)",
      },
    },
    { dark: isDark },
  );
  return [theme, syntaxHighlighting(isDark ? DARK : LIGHT)];
}

/** Tab indents; Escape followed by Tab leaves the editor, as in CodeMirror's keymaps. */
const KEYS = keymap.of([
  ...defaultKeymap,
  ...historyKeymap,
  { key: "Tab", run: indentMore, shift: indentLess },
]);

export default function Editor({ file, text, isDark, mark, onChange }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changed = useRef(onChange);
  useEffect(() => {
    changed.current = onChange;
  });
  const first = useRef(text);
  useEffect(() => {
    first.current = text;
  });
  useEffect(() => {
    if (place.current === null) return;
    const value = nonce();
    const editor = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          value === undefined ? [] : EditorView.cspNonce.of(value),
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          highlightActiveLine(),
          lintGutter(),
          indentUnit.of("    "),
          EditorState.tabSize.of(4),
          KEYS,
          languageOf(file),
          looks(isDark),
          EditorView.contentAttributes.of({ "aria-label": `Content of ${file}` }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, [file, isDark]);
  useEffect(() => {
    if (view.current !== null) show(view.current, mark);
  }, [mark, file, isDark]);
  return <Box ref={place} sx={{ height: 1, "& .cm-editor": { height: 1 } }} />;
}

function show(view: EditorView, mark: Mark | null): void {
  const { doc } = view.state;
  if (mark === null || mark.line > doc.lines) {
    view.dispatch(setDiagnostics(view.state, []));
    return;
  }
  const { from, to } = doc.line(mark.line);
  view.dispatch(
    setDiagnostics(view.state, [{ from, to, severity: "error", message: mark.message }]),
  );
  view.dispatch({ effects: EditorView.scrollIntoView(from, { y: "center" }) });
}
