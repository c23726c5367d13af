// Asynchronous calls: sent from the console, watched, read and cancelled.
import { expect, expectAccessible, functionPath, picture, test } from "./console";

const WORK = {
  "app.py": `
def handler(request):
    if request.path == "/later":
        return "not now", 503, {"Retry-After": "60"}
    return "<h1>done</h1><script>document.title = 'run'</script>", 200, {"Content-Type": "text/html"}
`,
};

test("sends, shows, reads and cancels an asynchronous call", async ({
  console: page,
  platform,
}) => {
  await platform.deploy("work", WORK);
  await page.goto(platform.url + functionPath("work", "calls"));
  await expect(page.getByText("No calls yet.")).toBeVisible();
  await page.getByRole("link", { name: "under Invoke" }).click();
  const send = async (path: string) => {
    await page.getByLabel("Path and query").fill(path);
    await page.getByRole("button", { name: "Send" }).click();
    await expect(page.getByTestId("status")).toHaveText("202");
  };
  await page.getByLabel("Async").check();
  await send("/fine");
  await expect(page.getByRole("region", { name: "The call as a curl command" })).toContainText(
    "/async-function/work/fine",
  );
  await send("/later");
  await page.getByRole("link", { name: "Show its state" }).click();

  const call = (path: string) =>
    page.getByRole("list", { name: "Calls" }).getByRole("listitem").filter({ hasText: path });
  await expect(call("/fine")).toContainText("succeeded");
  await call("/fine").getByRole("button", { name: /^Show/ }).click();
  const body = page.getByRole("region", { name: "Body", exact: true });
  await expect(body).toContainText("<script>document.title");
  expect(await page.title()).not.toBe("run");

  await expect(call("/later")).toContainText("queued");
  await call("/later").getByRole("button", { name: /^Show/ }).click();
  await expect(call("/later").getByText("Next attempt")).toBeVisible();
  await picture(page, "calls");
  await expectAccessible(page);
  await call("/later").getByRole("button", { name: "Cancel" }).click();
  await expect(call("/later")).toContainText("cancelled");
});
