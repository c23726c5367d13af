// Accessibility and scale: keyboard, screen reader, phone, dark scheme, two tabs, many functions.
import type { Page } from "@playwright/test";
import { zipSync } from "fflate";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { expect, expectAccessible, functionPath, picture, signIn, test } from "./console";
import { TOKEN } from "./platform";

const GOOD = { "app.py": "def handler(request):\n    print('hi')\n    return {'fine': True}\n" };
const TABS = ["Overview", "Invoke", "Calls", "Logs", "Replicas", "Settings"];

async function expectNoSideways(page: Page): Promise<void> {
  const [inner, outer] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth] as const;
  });
  expect(inner, page.url()).toBeLessThanOrEqual(outer);
}

async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole("tab", { name, exact: true }).click();
  await expect(page.getByRole("tabpanel", { name })).toBeVisible();
  await expect(page.getByLabel("Loading")).toHaveCount(0);
}

for (const scheme of ["light", "dark"] as const) {
  test(`has no serious accessibility violation on any page, ${scheme}`, async ({
    console: page,
    platform,
  }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`${platform.url}/ui/`);
    await expect(page.getByRole("heading", { name: "Your first function" })).toBeVisible();
    await expectAccessible(page);
    await platform.deploy("orders", GOOD);
    await platform.deploy("sleeper", GOOD, { suspend: false });
    await platform.ask("POST", "/functions/sleeper/stop");
    for (const path of ["/ui/", "/ui/deploy", "/ui/secrets"]) {
      await page.goto(platform.url + path);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      if (path === "/ui/") await expect(page.getByRole("link", { name: "orders" })).toBeVisible();
      if (path === "/ui/deploy") await expect(page.getByLabel("Content of app.py")).toBeVisible();
      if (path === "/ui/") await picture(page, `dashboard-${scheme}`);
      await expectAccessible(page);
    }
    await page.goto(platform.url + functionPath("orders"));
    for (const tab of TABS) {
      await openTab(page, tab);
      if (tab === "Overview") await picture(page, `function-${scheme}`);
      await expectAccessible(page);
    }
    await page.getByRole("button", { name: "Delete" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await expectAccessible(page);
  });
}

test("shows every page on a phone without horizontal scrolling", async ({
  console: page,
  platform,
}) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await platform.deploy("orders", GOOD);
  for (const path of ["/ui/deploy", "/ui/secrets", "/ui/"]) {
    await page.goto(platform.url + path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByLabel("Loading")).toHaveCount(0);
    await expectNoSideways(page);
  }
  await expect(page.getByRole("link", { name: "orders" })).toBeVisible();
  await picture(page, "phone-dashboard");
  await page.getByRole("link", { name: "orders" }).click();
  for (const tab of TABS) {
    await openTab(page, tab);
    await expectNoSideways(page);
    if (tab === "Invoke") await picture(page, "phone-invoke");
  }
});

test("supports the keyboard for every action", async ({ page, platform }) => {
  await platform.deleteAll();
  await platform.deploy("orders", GOOD);
  await page.goto(`${platform.url}/ui/`);
  await expect(page.getByLabel("Token")).toBeFocused();
  await page.keyboard.type(TOKEN);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await expect(page.getByLabel("Stay signed in")).toBeChecked();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();

  const reach = async (name: string) => {
    for (let step = 0; step < 40; step++) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => {
        const { activeElement: it } = document;
        return it?.getAttribute("aria-label") ?? it?.textContent ?? "";
      });
      if (focused.trim() === name) return;
    }
    throw new Error(`Tab does not reach ${name}`);
  };
  await reach("orders");
  await page.keyboard.press("Enter");
  await reach("Overview");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await reach("Send");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("status")).toHaveText("200");
  await page.keyboard.press("Shift+Tab");

  await page.goto(platform.url + functionPath("orders"));
  await expect(page.getByRole("button", { name: "Delete" })).toBeVisible();
  await reach("Delete");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Delete" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Type orders to confirm")).toBeFocused();
  await page.keyboard.type("orders");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Your first function" })).toBeVisible();
});

test("keeps two tabs in sync within a second", async ({ console: page, platform, context }) => {
  await platform.deploy("orders", GOOD);
  const other = await context.newPage();
  await signIn(other, platform, functionPath("orders"));
  await page.goto(`${platform.url}/ui/`);
  await expect(page.getByRole("link", { name: "orders" })).toBeVisible();
  await other.getByRole("button", { name: "Stop", exact: true }).click();
  await expect(page.locator("[data-phase=stopped]")).toHaveText("Stopped");
  await page.getByRole("link", { name: "orders" }).click();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await expect(other.locator("[data-phase=ready], [data-phase=idle]")).toBeVisible();
  await other.close();
});

/** Drops the files at a path, like a file manager. */
async function drop(page: Page, path: string): Promise<void> {
  const box = await page.getByTestId("drop").boundingBox();
  if (box === null) throw new Error("there is nowhere to drop it");
  const client = await page.context().newCDPSession(page);
  const at = { x: box.x + box.width / 2, y: box.y + 20 };
  const data = { items: [], files: [resolve(path)], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await client.send("Input.dispatchDragEvent", { type, ...at, data });
  }
  await client.detach();
}

test("deploys a dropped folder, a dropped zip and an image", async ({
  console: page,
  platform,
}, info) => {
  const ready = (name: string) =>
    expect(page.getByText(`${name} is ready after`)).toBeVisible({ timeout: 60_000 });
  await page.goto(`${platform.url}/ui/deploy`);
  await page.getByRole("tab", { name: "Upload" }).click();
  await drop(page, "../runtimes/python/template");
  await expect(page.getByText(/^template: 3 files/)).toBeVisible();
  await expect(page.getByLabel("Name")).toHaveValue("my-function");
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await ready("my-function");

  const zip = info.outputPath("zipped.zip");
  await mkdir(dirname(zip), { recursive: true });
  await writeFile(zip, zipSync({ "app.py": new TextEncoder().encode(GOOD["app.py"]) }));
  await page.goto(`${platform.url}/ui/deploy?name=zipped`);
  await page.getByRole("tab", { name: "Upload" }).click();
  await drop(page, zip);
  await expect(page.getByText(/^zipped\.zip: 1 file/)).toBeVisible();
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await ready("zipped");

  const { spec } = (await platform.ask("GET", "/functions/zipped")) as { spec: { image: string } };
  await page.goto(`${platform.url}/ui/deploy?name=named`);
  await page.getByRole("tab", { name: "Image" }).click();
  await page.getByLabel("Image", { exact: true }).fill(spec.image);
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await ready("named");
});

test("searches, sorts and scrolls 500 functions with few rows rendered", async ({
  console: page,
  platform,
}) => {
  await page.goto(`${platform.url}/ui/`);
  const image = `embedded/many@sha256:${"0".repeat(64)}`;
  const name = (n: number) => `many-${String(n).padStart(3, "0")}`;
  const put = (n: number) =>
    platform.ask("PUT", `/functions/${name(n)}`, { spec: { image, suspend: true } });
  for (let n = 0; n < 500; n += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, i) => put(n + i)));
  }
  await expect(page.getByText("500 functions")).toBeVisible();
  expect(await page.locator("[data-function]").count()).toBeLessThan(60);
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  await expect(page.getByRole("link", { name: "many-499" })).toBeVisible();
  const frames = await page.evaluate(async () => {
    const times: number[] = [];
    for (let step = 0; step < 60; step++) {
      await new Promise(requestAnimationFrame);
      window.scrollBy(0, -200);
      times.push(performance.now());
    }
    return times.slice(1).map((time, i) => time - (times[i] ?? time));
  });
  const sorted = frames.sort((a, b) => a - b);
  console.log(
    `a frame while scrolling takes ${sorted[30]?.toFixed(1)} ms (median), ${sorted.at(-1)?.toFixed(1)} ms (worst)`,
  );
  await page.getByLabel("Search").fill("many-12");
  await expect(page.getByText("10 of 500 functions")).toBeVisible();
  await page.getByLabel("Search").fill("");
  await page.getByRole("button", { name: "Function" }).click();
  await page.evaluate(() => window.scrollTo(0, 0));
  await expect(page.getByRole("link", { name: "many-499" })).toBeVisible();
  await expect(page).toHaveURL(/order=desc/);
});
