// The nonce of the page's content policy, which the browser requires for styles set by scripts.

export function nonce(): string | undefined {
  return document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce;
}
