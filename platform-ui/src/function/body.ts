// Decides how to show a response body. Its content is never executed: markup is shown as text, and
// only known raster types become images.

export type BodyKind = "empty" | "json" | "text" | "image" | "binary";

const IMAGES: readonly { type: string; magic: readonly number[]; at: number }[] = [
  { type: "image/png", magic: [0x89, 0x50, 0x4e, 0x47], at: 0 },
  { type: "image/jpeg", magic: [0xff, 0xd8, 0xff], at: 0 },
  { type: "image/gif", magic: [0x47, 0x49, 0x46, 0x38], at: 0 },
  { type: "image/webp", magic: [0x57, 0x45, 0x42, 0x50], at: 8 },
  { type: "image/avif", magic: [0x66, 0x74, 0x79, 0x70, 0x61, 0x76, 0x69, 0x66], at: 4 },
];
const TEXTUAL =
  /^(text\/|application\/(.*\+)?(json|xml|yaml|javascript|x-ndjson|x-www-form-urlencoded))/;

export function join(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** The image type by its first bytes, which overrule the declared type. */
export function imageType(bytes: Uint8Array): string | null {
  const found = IMAGES.find(({ magic, at }) => magic.every((byte, i) => bytes[at + i] === byte));
  return found?.type ?? null;
}

export function kindOf(contentType: string, bytes: Uint8Array): BodyKind {
  if (bytes.length === 0) return "empty";
  if (imageType(bytes) !== null) return "image";
  if (/^application\/(.*\+)?json$/.test(contentType)) return "json";
  if (TEXTUAL.test(contentType)) return "text";
  return isText(bytes) ? "text" : "binary";
}

function isText(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, 4096);
  if (head.includes(0)) return false;
  const text = new TextDecoder().decode(head, { stream: true });
  return !text.includes("\ufffd");
}

/** Indented JSON; unchanged if it is not valid JSON. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const PER_LINE = 16;

/** Offsets, bytes and characters, as in hexdump. */
export function hexDump(bytes: Uint8Array, limit = 4096): string {
  const shown = bytes.subarray(0, limit);
  const rows: string[] = [];
  for (let at = 0; at < shown.length; at += PER_LINE) {
    const row = [...shown.subarray(at, at + PER_LINE)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "."));
    rows.push(
      `${at.toString(16).padStart(8, "0")}  ${hex.padEnd(PER_LINE * 3)} ${letters.join("")}`,
    );
  }
  if (bytes.length > limit) rows.push(`… ${bytes.length - limit} bytes more`);
  return rows.join("\n");
}
