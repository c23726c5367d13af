// A call as a shell command.

export interface CurlCall {
  method: string;
  url: string;
  headers: readonly (readonly [name: string, value: string])[];
  body?: string;
  token: boolean;
}

export function curlLine({ method, url, headers, body, token }: CurlCall): string {
  const parts = ["curl"];
  if (method === "HEAD") parts.push("--head");
  else if (method !== "GET" || body !== undefined) parts.push("-X", method);
  const named = headers.some(([name]) => name.toLowerCase() === "authorization");
  // Double quotes let the shell insert the token, so that the command does not contain it.
  if (token && !named) parts.push("-H", '"Authorization: Bearer ${AUTH_TOKEN:-dev-token}"');
  for (const [name, value] of headers) parts.push("-H", quoted(`${name}: ${value}`));
  if (body !== undefined) parts.push("--data-binary", quoted(body));
  parts.push(quoted(url));
  return parts.join(" ");
}

/** In single quotes, in which a POSIX shell expands nothing. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
