// Viewers: every page is available, no button changes anything, and each shows the reason.
import type { Locator, Page } from "@playwright/test";
import { expect, expectAccessible, functionPath, picture, signIn, test } from "./console";
import { CORE, NO_VIEWER, VIEWER_TOKEN } from "./platform";

const GOOD = { "app.py": "def handler(request):\n    print('seen')\n    return 'fine'\n" };

async function expectRefused(page: Page, button: Locator): Promise<void> {
  await expect(button).toHaveAttribute("aria-disabled", "true");
  // With the keyboard, because the focus ring appears only then.
  await page.keyboard.press("Tab");
  await button.focus();
  await expect(page.getByRole("tooltip")).toContainText("viewer's token");
  await button.press("Enter");
  await button.blur();
  await expect(page.getByRole("tooltip")).toHaveCount(0);
  await expect(page.getByRole("dialog")).toHaveCount(0);
}

test(
  "shows viewers every page and why they cannot change anything",
  CORE,
  async ({ page, platform }) => {
    test.skip(NO_VIEWER !== "", NO_VIEWER);
    await platform.deleteAll();
    await platform.deploy("orders", GOOD);
    await platform.deploy("shop", GOOD, { access: "public" });
    const before = await platform.ask("GET", "/functions/orders");
    const refused: string[] = [];
    page.on("response", (answer) => {
      if (answer.status() === 403) refused.push(answer.url());
    });
    await signIn(page, platform, "/ui/", VIEWER_TOKEN);
    await expect(page.getByText("Viewer", { exact: true })).toBeVisible();
    await expectRefused(page, page.getByRole("button", { name: "Deploy", exact: true }));
    await page.goto(platform.url + functionPath("orders"));
    for (const name of ["Stop", "Redeploy", "New version", "Delete"]) {
      await expectRefused(page, page.getByRole("button", { name, exact: true }));
    }
    await picture(page, "viewer");
    await expectAccessible(page);
    for (const [tab, name] of [
      ["Invoke", "Send"],
      ["Replicas", "Scale"],
      ["Settings", "Save"],
    ] as const) {
      await page.getByRole("tab", { name: tab, exact: true }).click();
      await expectRefused(page, page.getByRole("button", { name, exact: true }));
    }
    await page.getByRole("tab", { name: "Calls", exact: true }).click();
    await expect(page.getByRole("heading", { name: "Asynchronous calls" })).toBeVisible();
    await expect(page.getByLabel("Loading")).toHaveCount(0);
    await page.getByRole("link", { name: "Secrets" }).click();
    await expectRefused(page, page.getByRole("button", { name: "Store", exact: true }));
    await page.goto(`${platform.url}/ui/deploy?name=orders`);
    await expectRefused(page, page.getByRole("button", { name: "Deploy", exact: true }));

    await page.goto(platform.url + functionPath("shop", "invoke"));
    await page.getByRole("button", { name: "Send" }).click();
    await expect(page.getByTestId("status")).toHaveText("200");
    await page.getByRole("link", { name: "Logs of this call" }).click();
    await expect(page.getByRole("log", { name: "Log lines" })).toContainText("seen");

    expect(refused).toEqual([]);
    const after = await platform.ask("GET", "/functions/orders");
    expect(after.metadata).toEqual(before.metadata);
  },
);
