// The nonce of this answer's policy, without which the browser takes no style from a script.

export function nonce(): string | undefined {
  return document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce;
}
