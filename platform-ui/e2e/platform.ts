// The platform under test: a real embedded one with its own home directory, or the one
// at PLAT_URL, which is started and stopped elsewhere.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const ELSEWHERE = process.env.PLAT_URL;
export const TOKEN = process.env.PLAT_TOKEN ?? "token-of-the-tests";
export const VIEWER_TOKEN = process.env.PLAT_VIEWER_TOKEN ?? "viewers-token-of-the-tests";
/** Why no viewer can sign in; empty if one can. */
export const NO_VIEWER =
  ELSEWHERE !== undefined && process.env.PLAT_VIEWER_TOKEN === undefined
    ? "the platform at PLAT_URL has no PLAT_VIEWER_TOKEN that was told"
    : "";
/** Tests that `npm run e2e:core` also runs against other backends. */
export const CORE = { tag: "@core" };
const PYTHON = process.env.PLAT_PYTHON ?? "../.venv/bin/python";
const START_DEADLINE = 60_000;

type Document = Record<string, unknown>;

export class Platform {
  private process: ChildProcess | null = null;
  private output = "";

  private constructor(
    private readonly home: string,
    private readonly port: number,
    readonly url = `http://localhost:${port}`,
  ) {}

  static async create(): Promise<Platform> {
    if (ELSEWHERE !== undefined) return new Platform("", 0, ELSEWHERE);
    const platform = new Platform(await mkdtemp(join(tmpdir(), "ui-")), await freePort());
    await platform.start();
    // One environment for all tests, so that no screenshot depends on their order.
    const inline = { "app.py": "def handler(request): ...\n" };
    await platform.ask("POST", "/build?name=first&runtime=python", { inline });
    return platform;
  }

  async start(): Promise<void> {
    const env = {
      ...process.env,
      AUTH_TOKEN: TOKEN,
      AUTH_TOKEN_VIEWER: VIEWER_TOKEN,
      PLAT_HOME: this.home,
      PLAT_HOST: "127.0.0.1",
      PLAT_PORT: String(this.port),
      PLAT_SOURCE_SCHEMES: "https,ssh,file",
    };
    const child = spawn(PYTHON, ["-m", "plat_gateway"], { env, stdio: ["ignore", "pipe", "pipe"] });
    this.process = child;
    const hear = (piece: Buffer) => (this.output = (this.output + piece.toString()).slice(-20_000));
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    const deadline = Date.now() + START_DEADLINE;
    while (!(await this.isReady())) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`the platform does not start:\n${this.output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Kills it without clean-up, like a crash. */
  async kill(): Promise<void> {
    const child = this.process;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async close(): Promise<void> {
    const child = this.process;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    if (this.home !== "") await rm(this.home, { recursive: true, force: true });
  }

  /** Sends an API request; raises if it is rejected. */
  async ask(method: string, path: string, body?: Document): Promise<Document> {
    const response = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? {} : (JSON.parse(text) as Document);
  }

  /** Deploys files without the console and waits until they serve. */
  async deploy(name: string, files: Record<string, string>, spec: Document = {}): Promise<void> {
    const built = await this.ask("POST", `/build?name=${name}&runtime=python`, { inline: files });
    const { image, runtime, handler = null } = built;
    await this.ask("PUT", `/functions/${name}`, { spec: { image, runtime, handler, ...spec } });
    await this.waitFor(name, "True");
  }

  async waitFor(name: string, ready: "True" | "False"): Promise<void> {
    for (;;) {
      const fn = (await this.ask("GET", `/functions/${name}`)) as {
        metadata: { generation: number };
        status: { observedGeneration: number; conditions: { type: string; status: string }[] };
      };
      const condition = fn.status.conditions.find(({ type }) => type === "Ready");
      const isSeen = fn.status.observedGeneration >= fn.metadata.generation;
      if (isSeen && condition?.status === ready) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async deleteAll(): Promise<void> {
    for (;;) {
      const { items } = (await this.ask("GET", "/functions")) as {
        items: { metadata: { name: string; deletionTimestamp?: string } }[];
      };
      if (items.length === 0) return;
      const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      // Ten at a time, because a test may leave hundreds.
      for (let n = 0; n < staying.length; n += 10) {
        const gone = staying.slice(n, n + 10).map(async ({ metadata: { name } }) => {
          await this.ask("DELETE", `/functions/${name}`).catch(() => undefined);
        });
        await Promise.all(gone);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`)).ok;
    } catch {
      return false;
    }
  }

  async log(): Promise<string> {
    return this.output + (await readFile(join(this.home, "plat.log"), "utf8").catch(() => ""));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error("no port"));
        else resolve(address.port);
      });
    });
  });
}
