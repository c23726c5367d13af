// Measures the console in the system's Chromium against the platform at PLAT_URL; prints JSON.
// `bench/console.py` starts the platform, runs this, and makes tables of it.
import { chromium } from "@playwright/test";

const { PLAT_URL: url, PLAT_TOKEN: token, CHROMIUM = "/usr/bin/chromium" } = process.env;
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const MANY = 500;
const WORKERS = 4;
const SENDERS = 2;
const PATIENCE = 120_000;
const IMAGE = `embedded/many@sha256:${"0".repeat(64)}`;
/** Events of an hour with two changes per second: 60 functions that start and stop every minute. */
const HOUR = Number(process.env.EVENTS ?? 7_200);

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});

async function ask(method, path, body) {
  const answer = await fetch(url + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text;
}

/** A new signed-in page with an empty cache. */
async function opened(path = "/ui/") {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(PATIENCE);
  await context.addInitScript((kept) => {
    sessionStorage.setItem("plat.token", kept);
    globalThis.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        globalThis.longTasks.push([startTime, duration]);
      }
    }).observe({ type: "longtask", buffered: true });
  }, token);
  const page = await context.newPage();
  await page.goto(url + path);
  return page;
}

/** Milliseconds from the navigation until the functions are shown and the page is responsive. */
async function timeToInteractive() {
  const page = await opened();
  await page.waitForFunction(() => document.querySelector("[data-function]") !== null, null, {
    polling: "raf",
  });
  const shown = await page.evaluate(() => performance.now());
  // Work after the first render counts too.
  await page.waitForTimeout(500);
  const found = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
    busy: Math.max(0, ...globalThis.longTasks.map(([start, duration]) => start + duration)),
    blocked: globalThis.longTasks.reduce(
      (sum, [, duration]) => sum + Math.max(0, duration - 50),
      0,
    ),
  }));
  await page.context().close();
  return { paint: found.paint, interactive: Math.max(shown, found.busy), blocked: found.blocked };
}

/** The same navigation to an empty page. */
async function emptyPage() {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${url}/healthz`);
  const loaded = await page.evaluate(
    () => performance.getEntriesByType("navigation")[0].loadEventEnd,
  );
  await context.close();
  return loaded;
}

/** Calls `seen` for every event of the platform, as a second client. */
async function listen(seen, signal) {
  const answer = await fetch(`${url}/events`, {
    headers: { Authorization: `Bearer ${token}`, Accept: "text/event-stream" },
    signal,
  });
  let held = "";
  const reading = (async () => {
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      const parts = (held + piece).split("\n\n");
      held = parts.pop();
      for (const part of parts) {
        const data = part.split("\n").find((line) => line.startsWith("data: "));
        if (data !== undefined) seen(JSON.parse(data.slice(6)));
      }
    }
  })();
  return { reading: reading.catch(() => undefined) };
}

/** Milliseconds from the request until the page, and a plain listener, receive the change. */
async function changes(name) {
  const page = await opened();
  await page.getByText("Live", { exact: true }).waitFor();
  const control = new AbortController();
  let heard = () => undefined;
  await listen((fn) => fn.metadata.name === name && heard(fn.spec.suspend), control.signal);
  const rows = [];
  for (let round = 0; round < ROUNDS * 4; round++) {
    const isStop = round % 2 === 0;
    const begun = performance.now();
    const listener = new Promise((resolve) => {
      heard = (suspended) => suspended === isStop && resolve(performance.now() - begun);
    });
    const shown = page
      .waitForFunction(
        ([wanted, stopped]) => {
          const row = document.querySelector(`[data-function="${wanted}"] [data-phase]`);
          return row !== null && (row.dataset.phase === "stopped") === stopped;
        },
        [name, isStop],
        { polling: "raf" },
      )
      .then(() => performance.now() - begun);
    await ask("POST", `/functions/${name}/${isStop ? "stop" : "start"}`);
    const [console, bare] = await Promise.all([shown, listener]);
    rows.push({ console, bare });
    await page.waitForTimeout(200);
  }
  control.abort();
  await page.context().close();
  return rows;
}

async function heap(page) {
  const client = await page.context().newCDPSession(page);
  await client.send("HeapProfiler.collectGarbage");
  await client.send("Performance.enable");
  const { metrics } = await client.send("Performance.getMetrics");
  const of = (name) => metrics.find((metric) => metric.name === name).value;
  await client.detach();
  return { mib: of("JSHeapUsedSize") / 1024 / 1024, nodes: of("Nodes") };
}

/** Heap and DOM nodes at the start, after half of an hour's events, and after all of them. */
async function hourOfEvents() {
  const page = await opened();
  await page.getByText("Live", { exact: true }).waitFor();
  await page.waitForTimeout(3_000);
  const control = new AbortController();
  let count = 0;
  await listen(() => count++, control.signal);
  const first = count;
  const points = [{ events: 0, ...(await heap(page)) }];
  const begun = performance.now();
  let number = 0;
  for (const goal of [HOUR / 2, HOUR]) {
    const work = async () => {
      while (count - first < goal) {
        const n = number++;
        // One at a time, because simultaneous changes of one function are merged.
        await ask("POST", `/functions/${many(n % MANY)}/scale`, {
          max: 5 + (Math.floor(n / MANY) % 3),
        });
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, work));
    await page.waitForTimeout(1_000);
    points.push({ events: count - first, ...(await heap(page)) });
  }
  const seconds = (performance.now() - begun) / 1000;
  control.abort();
  await page.context().close();
  return { points, seconds };
}

function many(n) {
  return `many-${String(n).padStart(3, "0")}`;
}

/** Milliseconds between frames while a page scrolls a hundred times. */
function scrolled(page) {
  return page.evaluate(async () => {
    const times = [];
    for (let step = 0; step < 120; step++) {
      await new Promise(requestAnimationFrame);
      window.scrollBy(0, step < 60 ? 200 : -200);
      times.push(performance.now());
    }
    return times.slice(1).map((time, i) => time - times[i]);
  });
}

async function scrolling() {
  const page = await opened();
  await page.getByText(`${MANY + 1} functions`).waitFor();
  await page.waitForTimeout(1_000);
  const frames = await scrolled(page);
  const rows = await page.locator("[data-function]").count();
  await page.context().close();
  const blank = await browser.newPage();
  await blank.setContent('<div style="height: 40000px"></div>');
  const floor = await scrolled(blank);
  await blank.close();
  return { rows, frames, floor };
}

function say(what) {
  process.stderr.write(`${what}…\n`);
}

say("loading with one function");
const few = { loads: [], empty: [] };
for (let round = 0; round < ROUNDS; round++) {
  few.empty.push(await emptyPage());
  few.loads.push(await timeToInteractive());
}
say("changing its status");
const status = await changes("real");
say(`storing ${MANY} more`);
for (let n = 0; n < MANY; n += WORKERS) {
  const batch = Array.from({ length: WORKERS }, (_, i) => many(n + i));
  await Promise.all(
    batch.map((name) =>
      ask("PUT", `/functions/${name}`, { spec: { image: IMAGE, suspend: true } }),
    ),
  );
}
say("loading with all of them");
const full = [];
for (let round = 0; round < ROUNDS; round++) full.push(await timeToInteractive());
say("scrolling");
const scroll = await scrolling();
say("sending an hour of events");
const hour = await hourOfEvents();
await browser.close();
process.stdout.write(JSON.stringify({ ...few, full, status, scroll, hour }));
