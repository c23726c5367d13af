// Failures and how the console shows them: builds, starts, rejections, a platform that is down.
import type { Page } from "@playwright/test";
import { expect, expectAccessible, functionPath, picture, signIn, test } from "./console";
import { TOKEN } from "./platform";

const GOOD = { "app.py": "def handler(request):\n    return 'fine'\n" };

async function write(page: Page, text: string, file = "app.py"): Promise<void> {
  await page.getByLabel(`Content of ${file}`).click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.evaluate((pasted) => navigator.clipboard.writeText(pasted), text);
  await page.keyboard.press("ControlOrMeta+v");
}

test("marks the line of a build error, and deploys the corrected code", async ({
  console: page,
  platform,
}) => {
  await page.goto(`${platform.url}/ui/deploy`);
  await page.getByLabel("Name").fill("broken");
  await write(page, "x = 1\n\ndef handler(request)\n    return x\n");
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await expect(page.getByText("The build failed")).toBeVisible();
  await expect(page.getByText("app.py:3: SyntaxError")).toBeVisible();
  await expect(page.locator(".cm-lint-marker-error")).toHaveCount(1);
  await expect(page.locator(".cm-lintRange-error")).toHaveText("def handler(request)");
  await picture(page, "build-failed");
  await expectAccessible(page);

  await write(page, "def handler(request):\n    return 'mended'\n");
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await expect(page.getByText("broken is ready after")).toBeVisible();
});

test("shows an invalid requirement in its file", async ({ console: page, platform }) => {
  await page.goto(`${platform.url}/ui/deploy`);
  await page.getByLabel("Name").fill("needy");
  await page.getByRole("combobox", { name: "Template" }).click();
  await page.getByRole("option", { name: "python-flask" }).click();
  await expect(page.getByLabel("Content of app.py")).toContainText("Flask");
  await page.getByRole("tab", { name: "requirements.txt" }).click();
  await write(page, "# needs\n==nothing at all==\n", "requirements.txt");
  await page.getByRole("tab", { name: "app.py" }).click();
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await expect(page.getByText("The build failed")).toBeVisible();
  await expect(page.getByRole("tab", { name: /requirements.txt/, selected: true })).toBeVisible();
  await expect(page.locator(".cm-lintRange-error")).toHaveText("==nothing at all==");
});

test("shows why a function does not start, at its line, while the old revision serves", async ({
  console: page,
  platform,
}) => {
  await platform.deploy("turns", GOOD);
  await page.goto(`${platform.url}/ui/deploy?name=turns`);
  await write(page, "import os\nraise RuntimeError('no luck')\ndef handler(request): ...\n");
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await expect(
    page.getByText("The build succeeded, but the function does not start"),
  ).toBeVisible();
  await expect(page.locator(".cm-lintRange-error")).toHaveText("raise RuntimeError('no luck')");

  await page.goto(platform.url + functionPath("turns"));
  await expect(page.getByText("turns-2 failed", { exact: true })).toBeVisible();
  await expect(page.getByText("turns-1 keeps serving").first()).toBeVisible();
  await expect(page.locator("[data-phase=failing]")).toBeVisible();
  await picture(page, "function-failed");
  await expectAccessible(page);
});

test("reverts a rejected change and shows the platform's message", async ({
  console: page,
  platform,
}) => {
  await platform.deploy("turns", GOOD);
  await page.goto(platform.url + functionPath("turns", "replicas"));
  await page.getByLabel(/^Minimum/).fill("7");
  await page.getByLabel(/^Maximum/).fill("3");
  await page.getByRole("button", { name: "Scale", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText(/min exceeds max/);
  await page.reload();
  await expect(page.getByLabel(/^Maximum/)).toHaveValue("10");
});

/** Resolves when the prefetched pages have been loaded. */
async function expectFetchedAhead(page: Page): Promise<void> {
  const scripts = () =>
    page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .map(({ name }) => name)
        .join(),
    );
  for (const part of ["DeployPage", "FunctionPage", "InvokeTab", "SecretsPage", "SettingsTab"]) {
    await expect.poll(scripts).toContain(part);
  }
}

test("shows that the platform is down and recovers when it is back", async ({
  console: page,
  platform,
}) => {
  await platform.deploy("stays", GOOD);
  await page.goto(`${platform.url}/ui/`);
  await expect(page.getByRole("link", { name: "stays" })).toBeVisible();
  await expectFetchedAhead(page);
  await platform.kill();
  await expect(page.getByText("Offline", { exact: true })).toBeVisible();
  await expect(page.getByText(/The platform does not respond/)).toBeVisible();
  await expect(page.getByRole("link", { name: "stays" })).toBeVisible();
  await picture(page, "offline");
  await page.getByRole("link", { name: "stays" }).click();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await expect(page.getByRole("alert").filter({ hasText: "plat status" })).toBeVisible();
  await expect(page.locator("[data-phase=stopped]")).toHaveCount(0);

  await platform.start();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await expect(page.getByText(/The platform does not respond\. This/)).toHaveCount(0);
  await platform.ask("POST", "/functions/stays/stop");
  await expect(page.locator("[data-phase=stopped]")).toHaveText(/Stop/);
});

test("rejects a wrong token and asks again for an expired one", async ({ page, platform }) => {
  await page.goto(`${platform.url}/ui/`);
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("token");
  await expectAccessible(page);
  const stored = () => page.evaluate(() => JSON.stringify([sessionStorage, localStorage]));

  await page.getByLabel("Token").fill(TOKEN);
  await expect(page.getByLabel("Stay signed in")).not.toBeChecked();
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  expect(await stored()).not.toContain(TOKEN);
  expect(page.url()).not.toContain("token");
  await page.reload();
  await expect(page.getByRole("heading", { name: "Sign in to plat" })).toBeVisible();

  await signIn(page, platform);
  expect(await stored()).toContain(TOKEN);
  await page.reload();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in to plat" })).toBeVisible();
  expect(await stored()).not.toContain(TOKEN);
});
