// The life cycle of a function in the console: write, call, watch, stop, configure, delete.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, functionPath, picture, signIn, test } from "./console";
import { CORE } from "./platform";

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC";
const SHAPES = `
import base64, time

def handler(request):
    print("asked for", request.path, flush=True)
    if request.path == "/picture":
        return base64.b64decode("${PNG}"), 200, {"Content-Type": "image/png"}
    if request.path == "/binary":
        return bytes(range(256)), 200, {"Content-Type": "application/octet-stream"}
    if request.path == "/page":
        return "<h1>hi</h1><script>document.title = 'run'</script>", 200, {"Content-Type": "text/html"}
    if request.path == "/long":
        return "0123456789abcdef" * 65536, 200, {"Content-Type": "text/plain"}
    if request.path == "/slow":
        def words():
            for n in range(40):
                yield f"word {n}\\n"
                time.sleep(0.1)
        return words(), 200, {"Content-Type": "text/plain"}
    if request.path == "/broken":
        raise RuntimeError("as asked")
    if request.method == "POST":
        return {"header": request.headers["X-Colour"], "body": request.json()}
    return {"path": request.path, "method": request.method, "list": [1, 2, 3]}
`;

test(
  "guides from an empty platform to the first deployed and called function",
  CORE,
  async ({ page, platform }) => {
    await platform.deleteAll();
    await signIn(page, platform);
    await expect(page.getByRole("heading", { name: "Your first function" })).toBeVisible();
    await picture(page, "empty");
    await page.getByRole("link", { name: "Deploy from the browser" }).click();
    await page.getByLabel("Name").fill("hello");
    await expect(page.getByLabel("Content of app.py")).toContainText("def handler");
    await page.getByRole("button", { name: "Deploy", exact: true }).click();
    await expect(page.getByText("hello is ready after")).toBeVisible({ timeout: 60_000 });
    await expect(page.getByRole("log", { name: "Build log" })).toContainText(
      /✓ (environment|push)/,
    );
    await picture(page, "deploy");

    await page.getByRole("link", { name: "Invoke" }).click();
    await page.getByRole("button", { name: "Send" }).click();
    await expect(page.getByTestId("status")).toHaveText("200");
    await expect(page.getByRole("region", { name: "Body" })).toContainText("Hello, world!");
  },
);

/** Creates a repository with a function in one of its folders. */
function repository(): string {
  const root = mkdtempSync(join(tmpdir(), "repository-"));
  mkdirSync(join(root, "hello"), { recursive: true });
  writeFileSync(join(root, "hello", "app.py"), "def handler(request):\n    return 'from git'\n");
  const git = (...words: string[]) => execFileSync("git", words, { cwd: root, stdio: "pipe" });
  git("init", "--quiet", "--initial-branch=main");
  git("add", ".");
  git("-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "-m", "one");
  return root;
}

/** Records the build log before the build ends; runs in the page. */
function linesWhileBuilding(): Promise<string> {
  return new Promise((resolve) => {
    const look = () => {
      const lines = document.querySelector("[role=log]")?.textContent ?? "";
      if (lines === "" || !document.body.textContent.includes("Building…")) return;
      observer.disconnect();
      resolve(lines);
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}

test("deploys a folder of a git repository and shows errors at their field", async ({
  console: page,
  platform,
}) => {
  const root = repository();
  const url = `file://${root}`;
  await page.goto(`${platform.url}/ui/deploy?name=fetched`);
  await page.getByRole("tab", { name: "Git" }).click();
  await expect(page.getByRole("button", { name: "Deploy", exact: true })).toBeDisabled();
  await page.getByLabel("Repository").fill("https://git.example.org/team/functions.git");
  await page.getByLabel("Branch, tag or commit").fill("main");
  await page.getByLabel("Folder").fill("hello");
  await page.getByRole("combobox", { name: "Runtime" }).click();
  await page.getByRole("option", { name: "python", exact: true }).click();
  await picture(page, "deploy-git");
  await page.getByLabel("Repository").fill("ftp://git.example.org/functions.git");
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await expect(page.getByLabel("Repository")).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Repository").fill(url);
  await page.getByLabel("Branch, tag or commit").fill("nowhere");
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await expect(page.getByText("The build failed")).toBeVisible();
  await expect(page.getByLabel("Branch, tag or commit")).toHaveAttribute("aria-invalid", "true");

  await page.getByLabel("Branch, tag or commit").fill("");
  const isLive = page.evaluate(linesWhileBuilding);
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await expect(page.getByText("fetched is ready after")).toBeVisible();
  expect(await isLive).toContain("git fetch");
  await page.getByRole("link", { name: "Invoke" }).click();
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.getByRole("region", { name: "Body" })).toHaveText("from git");

  await page.goto(`${platform.url}/ui/deploy?name=fetched`);
  await expect(page.getByLabel("Repository")).toHaveValue(url);
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await expect(page.getByText("fetched is ready after")).toBeVisible();
  const { spec } = (await platform.ask("GET", "/functions/fetched")) as { spec: object };
  expect(spec).toHaveProperty("redeployedAt", expect.stringMatching(/^20/));
  rmSync(root, { recursive: true });
});

test("shows responses by type and executes none of them", async ({ console: page, platform }) => {
  await platform.deploy("shapes", { "app.py": SHAPES });
  await page.goto(platform.url + functionPath("shapes", "invoke"));
  const call = async (path: string) => {
    await page.getByLabel("Path and query").fill(path);
    await page.getByRole("button", { name: "Send" }).click();
    await expect(page.getByRole("status").filter({ hasText: "·" })).toBeVisible();
  };
  const body = page.getByRole("region", { name: "Body" });

  await call("/things?a=1");
  await expect(body).toContainText('"path": "/things"');
  await page.getByRole("button", { name: "Raw" }).click();
  await expect.poll(() => body.textContent()).toMatch(/^\{"path"/);
  await page.getByRole("button", { name: "Pretty" }).click();
  await picture(page, "invoke");

  await call("/picture");
  const image = page.getByAltText("Image returned by the function");
  await expect.poll(() => image.evaluate((node: HTMLImageElement) => node.naturalWidth)).toBe(10);

  await call("/binary");
  await expect(body).toContainText("00000010  10 11 12 13");

  await call("/page");
  await expect(body).toContainText("<script>document.title = 'run'</script>");
  expect(await page.title()).not.toBe("run");

  await call("/long");
  await expect(page.getByText("These are the first 512.0 KB.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Download 1.0 MB" })).toBeVisible();

  await call("/broken");
  await expect(page.getByTestId("status")).toHaveText("500");

  await expect(page.getByRole("list", { name: "Earlier calls" }).getByRole("listitem")).toHaveCount(
    6,
  );
  await expect(page.getByRole("region", { name: "The call as a curl command" })).toContainText(
    `curl -H "Authorization: Bearer \${AUTH_TOKEN:-dev-token}" ${platform.url}/function/shapes/broken`,
  );
  await page.getByRole("button", { name: "Copy as curl" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain("/function/shapes/broken");
});

test("sends method, headers and body, and loads an earlier call", async ({
  console: page,
  platform,
}) => {
  await platform.deploy("shapes", { "app.py": SHAPES });
  await page.goto(platform.url + functionPath("shapes", "invoke"));
  const body = page.getByRole("region", { name: "Body" });
  const send = page.getByRole("button", { name: "Send" });
  await page.getByLabel("Path and query").fill("/first");
  await send.click();
  await expect(body).toContainText('"path": "/first"');

  await page.getByRole("combobox", { name: "Method" }).click();
  await page.getByRole("option", { name: "POST" }).click();
  await expect(page.getByLabel("Header 1", { exact: true })).toHaveValue("Content-Type");
  await page.getByRole("button", { name: "Header", exact: true }).click();
  await page.getByLabel("Header 2", { exact: true }).fill("X-Colour");
  await page.getByLabel("Value 2").fill("it's green");
  await page.getByRole("textbox", { name: "Body" }).fill('{"count": 3}');
  await send.click();
  await expect(body).toContainText('"header": "it\'s green"');
  await expect(body).toContainText('"count": 3');
  const curl = page.getByRole("region", { name: "The call as a curl command" });
  await expect(curl).toContainText("-X POST");
  await expect(curl).toContainText("X-Colour: it'");

  await page.getByRole("list", { name: "Earlier calls" }).getByText("GET /first").click();
  await expect(page.getByLabel("Path and query")).toHaveValue("/first");
  await expect(page.getByRole("combobox", { name: "Method" })).toHaveText("GET");
  await send.click();
  await expect(body).toContainText('"path": "/first"');
});

test("shows a streamed response while it arrives and can cancel it", async ({
  console: page,
  platform,
}) => {
  await platform.deploy("shapes", { "app.py": SHAPES });
  await page.goto(platform.url + functionPath("shapes", "invoke"));
  await page.getByLabel("Path and query").fill("/slow");
  await page.getByRole("button", { name: "Send" }).click();
  const body = page.getByRole("region", { name: "Body" });
  await expect(body).toContainText("word 3");
  await expect(page.getByText(/^arriving…/)).toBeVisible();
  await expect(body).not.toContainText("word 39");
  await page.getByRole("button", { name: "Stop", exact: true }).last().click();
  await expect(page.getByRole("button", { name: "Send" })).toBeEnabled();
  await expect(body).not.toContainText("word 39");
});

test("follows, searches and filters logs by call", CORE, async ({ console: page, platform }) => {
  await platform.deploy("shapes", { "app.py": SHAPES });
  await page.goto(platform.url + functionPath("shapes", "logs"));
  await expect(page.getByText("Following")).toBeVisible();
  const log = page.getByRole("log", { name: "Log lines" });
  await platform.ask("GET", "/function/shapes/one");
  await platform.ask("GET", "/function/shapes/two");
  await expect(log).toContainText("asked for /one");
  await expect(log).toContainText("asked for /two");
  await picture(page, "logs");

  await page.getByLabel("Search").fill("/two");
  await expect(log).not.toContainText("asked for /one");
  await page.getByLabel("Search").fill("");

  await log.getByText("asked for /one").locator("..").getByRole("button").click();
  await expect(page.getByLabel("Call id")).not.toHaveValue("");
  await expect(log).toContainText("asked for /one");
  await expect(log).not.toContainText("asked for /two");

  await page.getByLabel("Follow").uncheck();
  await expect(page.getByText("Following")).toHaveCount(0);
  await page.getByRole("tab", { name: "Invoke", exact: true }).click();
  await page.getByLabel("Path and query").fill("/three");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("link", { name: "Logs of this call" }).click();
  await expect(log).toContainText("asked for /three");
  await expect(log).not.toContainText("asked for /one");
});

test(
  "stops, starts and scales a function and shows its replicas",
  CORE,
  async ({ console: page, platform }) => {
    await platform.deploy("shapes", { "app.py": SHAPES });
    await page.goto(platform.url + functionPath("shapes", "replicas"));
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await expect(page.locator("[data-phase=stopped]")).toHaveText("Stopped");
    await expect(
      page.getByText("The function is stopped. Start it to get replicas."),
    ).toBeVisible();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await expect(page.locator("[data-phase=ready], [data-phase=idle]")).toBeVisible();

    await page.getByRole("button", { name: "Fixed" }).click();
    await page.getByRole("spinbutton", { name: "Replicas" }).fill("2");
    await page.getByRole("button", { name: "Scale", exact: true }).click();
    await expect(page.getByText("Scaled to 2 replicas")).toBeVisible();
    const list = page.getByRole("list", { name: "Replicas" });
    await expect(list.getByText("ready", { exact: true })).toHaveCount(2);
    await picture(page, "replicas");
  },
);

test("validates settings, saves them, and passes them to the function", async ({
  console: page,
  platform,
}) => {
  await platform.ask("PUT", "/secrets/database", { values: { url: "postgres://here" } });
  await platform.deploy("shapes", {
    "app.py":
      "import os\ndef handler(request):\n    return f\"{os.environ.get('GREETING')} {os.environ.get('DB')}\"\n",
  });
  await page.goto(platform.url + functionPath("shapes", "settings"));
  await page.getByRole("button", { name: "Variable", exact: true }).click();
  await page.getByLabel("Name 1").fill("1-bad");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByLabel("Name 1")).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Name 1").fill("PORT");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(/PORT is set by the platform/).first()).toBeVisible();

  await page.getByLabel("Name 1").fill("GREETING");
  await page.getByLabel("Value 1").fill("good day");
  await page.getByRole("button", { name: "Variable", exact: true }).click();
  await page.getByLabel("Name 2").fill("DB");
  await page.getByRole("combobox", { name: "Kind 2" }).click();
  await page.getByRole("option", { name: "Secret" }).click();
  await page.getByRole("combobox", { name: "Secret 2" }).click();
  await page.getByRole("option", { name: "database" }).click();
  await page.getByRole("combobox", { name: "Key 2" }).click();
  await page.getByRole("option", { name: "url" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(/^Saved; a new revision of shapes/)).toBeVisible();
  await picture(page, "settings");
  await expect
    .poll(async () => {
      const response = await fetch(`${platform.url}/function/shapes`, {
        headers: { Authorization: "Bearer token-of-the-tests" },
      });
      return response.text();
    })
    .toBe("good day postgres://here");
  await expect(page.getByText("postgres://here")).toHaveCount(0);
  await platform.ask("DELETE", "/secrets/database");
});

test("deletes a function after its name is typed", CORE, async ({ console: page, platform }) => {
  await platform.deploy("shapes", { "app.py": SHAPES });
  await page.goto(platform.url + functionPath("shapes"));
  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete shapes?" });
  await expect(dialog.getByRole("button", { name: "Delete" })).toBeDisabled();
  await dialog.getByLabel("Type shapes to confirm").fill("shape");
  await expect(dialog.getByRole("button", { name: "Delete" })).toBeDisabled();
  await dialog.getByLabel("Type shapes to confirm").fill("shapes");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("heading", { name: "Your first function" })).toBeVisible();
});
