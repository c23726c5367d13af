// The dashboard: calls, states, and optimistic actions.
import type { Page, Route } from "@playwright/test";
import { expect, functionPath, layoutShift, picture, test } from "./console";
import { TOKEN } from "./platform";

const MIXED = {
  "app.py": "def handler(request):\n    return 'done', 500 if request.path == '/broken' else 200\n",
};

const cell = (page: Page, name: string, column: number) =>
  page.locator(`[data-function="${name}"]`).getByRole("cell").nth(column);

test("shows calls, errors and times of a function; filters rows by status and sorts them", async ({
  console: page,
  platform,
}) => {
  await platform.deploy("busy", MIXED);
  await platform.deploy("quiet", MIXED);
  await platform.ask("POST", "/functions/quiet/stop");
  await page.goto(`${platform.url}/ui/`);
  await expect(page.locator("[data-phase=stopped]")).toHaveText("Stopped");
  // Rates need a second sample of the metrics.
  await page.waitForResponse((answer) => answer.url().endsWith("/metrics"));
  for (let n = 0; n < 10; n++) {
    await fetch(`${platform.url}/function/busy${n < 2 ? "/broken" : ""}`, {
      headers: { Authorization: `Bearer ${TOKEN}` },
    });
  }
  await expect(cell(page, "busy", 4)).toHaveText("20 %");
  await expect(cell(page, "busy", 3)).toHaveText(/^[1-9]/);
  await expect(cell(page, "busy", 3).locator("polyline")).toBeVisible();
  await expect(cell(page, "busy", 5)).toHaveText(/\d (m?s)$/);
  await expect(cell(page, "busy", 6)).toHaveText(/ago|just now/);
  await expect(cell(page, "quiet", 4)).toHaveText("–");
  await picture(page, "dashboard-calls");

  const names = page.locator("[data-function] a");
  await page.getByRole("button", { name: "Calls / min" }).click();
  await expect(names).toHaveText(["quiet", "busy"]);
  await page.getByRole("button", { name: "Calls / min" }).click();
  await expect(names).toHaveText(["busy", "quiet"]);
  await page.getByRole("combobox", { name: "Status" }).click();
  await page.getByRole("option", { name: "Stopped" }).click();
  await expect(names).toHaveText(["quiet"]);
  await expect(page.getByText("1 of 2 functions")).toBeVisible();
});

test("pulses for active functions, shifts no layout while loading, and remembers the color scheme", async ({
  console: page,
  platform,
}) => {
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await platform.deploy("alive", MIXED);
  const pulse = (phase: string) =>
    page
      .locator(`[data-phase=${phase}] > span`)
      .evaluate((dot) => getComputedStyle(dot, "::after").animationIterationCount);
  for (const path of ["/ui/", "/ui/deploy", "/ui/secrets", functionPath("alive")]) {
    await page.goto(platform.url + path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByLabel("Loading")).toHaveCount(0);
    if (path === "/ui/deploy") await expect(page.getByLabel("Content of app.py")).toBeVisible();
    if (path === "/ui/") await expect(page.getByRole("link", { name: "alive" })).toBeVisible();
    expect(await layoutShift(page), path).toBeLessThan(0.1);
  }
  expect(await pulse("ready")).toBe("infinite");
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await expect(page.locator("[data-phase=stopped]")).toHaveText("Stopped");
  expect(await pulse("stopped")).not.toBe("infinite");

  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByRole("button", { name: "Dark colours" }).click();
  await expect.poll(background).not.toBe(light);
  await page.reload();
  await expect(page.getByRole("button", { name: "Light colours" })).toBeVisible();
});

test("shows an action before the response, reverts it on failure, and needs no events", async ({
  console: page,
  platform,
}) => {
  await platform.deploy("turns", MIXED);
  await page.goto(platform.url + functionPath("turns"));
  const stop = page.getByRole("button", { name: "Stop", exact: true });
  const asked = new Promise<Route>((resolve) => {
    void page.route("**/functions/turns/stop*", resolve, { times: 1 });
  });
  await stop.click();
  const request = await asked;
  await expect(page.locator("[data-phase=stopped]")).toBeVisible();
  await expect(page.getByRole("button", { name: "Start", exact: true })).toBeDisabled();
  await request.abort();
  await expect(page.getByRole("alert").filter({ hasText: "plat status" })).toBeVisible();
  await expect(page.locator("[data-phase=ready]")).toBeVisible();

  await page.route("**/events", (route) => route.abort());
  await page.reload();
  await expect(page.getByText("Offline", { exact: true })).toBeVisible();
  await stop.click();
  await expect(page.locator("[data-phase=stopped]")).toHaveText("Stopped");
});

test("stores a secret and never shows its value", async ({ console: page, platform }) => {
  await page.goto(`${platform.url}/ui/secrets`);
  await page.getByLabel("Name").fill("database");
  await page.getByLabel("Key").fill("url");
  await page.getByLabel("Value").fill("postgres://unseen");
  await page.getByRole("button", { name: "Store" }).click();
  await expect(page.getByText("database is stored")).toBeVisible();
  const stored = page.getByRole("listitem").filter({ hasText: "database" });
  await expect(stored).toContainText("url");
  await page.reload();
  await expect(stored).toBeVisible();
  expect(await page.content()).not.toContain("postgres://unseen");
  await stored.getByRole("button", { name: "Delete" }).click();
  await stored.getByRole("button", { name: "Confirm: delete database" }).click();
  await expect(page.getByText("No secrets yet.")).toBeVisible();
});
