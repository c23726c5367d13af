// Fixtures of all console tests: a signed-in page on a platform without functions.
import type * as axeCore from "axe-core";
import { test as base, expect, type Page } from "@playwright/test";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ELSEWHERE, Platform, TOKEN } from "./platform";

interface Own {
  /**
   * A page with the token in session storage, as with "Stay signed in": the next load is signed
   * in. A policy violation, an uncaught error or a request to another host fails the test.
   */
  console: Page;
}

interface Shared {
  platform: Platform;
}

export const test = base.extend<Own, Shared>({
  platform: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the pattern
    async ({}, run) => {
      const platform = await Platform.create();
      await run(platform);
      await platform.close();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  console: async ({ page, platform }, run) => {
    await platform.deleteAll();
    const wrong = listenForWrong(page, platform);
    await page.addInitScript((token) => sessionStorage.setItem("plat.token", token), TOKEN);
    await run(page);
    expect(wrong).toEqual([]);
  },
});

export { expect };

/** Collects policy violations, uncaught errors and requests to other hosts. */
export function listenForWrong(page: Page, platform: Platform): string[] {
  const wrong: string[] = [];
  page.on("request", (request) => {
    const { origin } = new URL(request.url());
    if (origin !== platform.url) wrong.push(`asked ${origin}`);
  });
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    const text = message.text();
    if (/Content Security Policy|Refused to|violates/.test(text)) wrong.push(text);
  });
  return wrong;
}

export async function signIn(
  page: Page,
  platform: Platform,
  path = "/ui/",
  token = TOKEN,
): Promise<void> {
  await page.goto(platform.url + path);
  await page.getByLabel("Token").fill(token);
  // Tests load many pages by URL, and each load would ask for the token otherwise.
  await page.getByLabel("Stay signed in").check();
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
}

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

/** Fails if axe finds a serious violation on the current page. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof axeCore };
    const { violations } = await axe.run(document, {
      // It would copy style sheets into the page, which the content policy blocks.
      preload: false,
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
  });
  expect(found).toEqual([]);
}

/** The cumulative layout shift since the page was loaded: below 0.1 is good. */
export function layoutShift(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let sum = 0;
        const add = (list: PerformanceObserverEntryList) => {
          for (const entry of list.getEntries()) sum += (entry as unknown as Shift).value;
        };
        interface Shift {
          value: number;
        }
        new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
        requestAnimationFrame(() => setTimeout(() => resolve(sum)));
      }),
  );
}

/** Takes a screenshot; saves it for the documentation if `PLAT_PICTURES` is set (`make pictures`). */
export async function picture(page: Page, name: string): Promise<void> {
  if (ELSEWHERE !== undefined) return;
  const folder = process.env.PLAT_PICTURES ?? "platform-ui/test-results/images";
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const path = resolve(root, folder, `console-${name}.png`);
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
}

export function functionPath(name: string, tab = ""): string {
  return `/ui/functions/default/${name}${tab === "" ? "" : `/${tab}`}`;
}
