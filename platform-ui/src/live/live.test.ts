// Live state: the list under events, phases, rates, rows.
import { describe, expect, test } from "vitest";
import { readMetrics, type Totals } from "../api/prometheus";
import { applyEvents, mergeList } from "./functionList";
import { isStale, phaseOf, troubleOf } from "./phase";
import { addSamples, quantile, ratesOf, remember, WINDOW, type Sample } from "./rates";
import { readView, rowsOf, selectRows } from "./rows";
import { sample } from "./samples";

const names = (list: readonly { metadata: { name: string } }[]) =>
  list.map((fn) => fn.metadata.name);

describe("the list under events", () => {
  test("is sorted by name, whatever the order of arrival", () => {
    const events = ["b", "c", "a"].map((name) => ({
      kind: "created" as const,
      fn: sample({ name }),
    }));
    expect(names(applyEvents([], events))).toEqual(["a", "b", "c"]);
  });

  test("keeps the newer version, and accepts any version of a recreated function", () => {
    const list = [sample({ version: 10, uid: "1" })];
    const older = { kind: "changed" as const, fn: sample({ version: 9, uid: "1" }) };
    expect(applyEvents(list, [older])).toEqual(list);
    const reborn = { kind: "created" as const, fn: sample({ version: 2, uid: "2" }) };
    expect(applyEvents(list, [reborn])[0]?.metadata.uid).toBe("2");
  });

  test("ignores the deletion of an earlier function with the same name", () => {
    const list = [sample({ uid: "2" })];
    expect(applyEvents(list, [{ kind: "deleted", fn: sample({ uid: "1" }) }])).toEqual(list);
    expect(applyEvents(list, [{ kind: "deleted", fn: sample({ uid: "2" }) }])).toEqual([]);
  });

  test("prefers newer events to an older fetched list", () => {
    const [a, b, c] = ["a", "b", "c"].map((name) => sample({ name, version: 1 }));
    if (!a || !b || !c) throw new Error("three");
    const newer = sample({ name: "a", version: 5 });
    const merged = mergeList([a, b], [a, b], [newer, c]);
    expect(names(merged)).toEqual(["a", "c"]);
    expect(merged[0]?.metadata.resourceVersion).toBe("5");
  });
});

describe("a phase", () => {
  const ready = { status: "True", reason: "Serving" } as const;
  test.each([
    ["deleting", { deleting: true, ready }],
    ["stopped", { suspend: true, ready }],
    ["starting", {}],
    ["starting", { ready, generation: 2, observed: 1 }],
    ["ready", { ready }],
    ["idle", { ready: { status: "True", reason: "Idle" } as const }],
    ["starting", { ready: { status: "False", reason: "Starting" } as const, progressing: true }],
    ["starting", { ready: { status: "Unknown", reason: "Deploying" } as const }],
    [
      "failing",
      { ready: { status: "False", reason: "HandlerFailed" } as const, progressing: false },
    ],
  ])("is %s for %j", (phase, given) => {
    expect(phaseOf(sample(given)).phase).toBe(phase);
  });

  test("detects an older revision that keeps serving", () => {
    const both = { revision: "orders-1", latestRevision: "orders-2" };
    expect(isStale(sample({ ...both, progressing: false }))).toBe(true);
    expect(isStale(sample({ ...both, progressing: true }))).toBe(false);
    expect(troubleOf(sample({ ...both, progressing: false }))).toBe("orders-2 failed");
  });

  test("has a title for a problem, even while serving", () => {
    const hints = [{ reason: "QuotaExceeded", fix: "ask for less" }];
    const failed = { status: "False", reason: "HandlerFailed" } as const;
    expect(troubleOf(sample({ ready }))).toBeNull();
    expect(troubleOf(sample({ ready, hints }))).toBe("Running with a problem");
    expect(troubleOf(sample({ ready: failed, progressing: false }))).toBe("Not running");
    expect(troubleOf(sample({ hints }))).toBe("Not running yet");
  });
});

function totals(calls: number, failed = 0, buckets: Totals["buckets"] = []): Totals {
  return { calls, failed, inFlight: 0, buckets };
}

describe("rates", () => {
  test("cover the last minute, errors the whole window", () => {
    const samples: Sample[] = [
      { time: 0, totals: totals(0) },
      { time: 60_000, totals: totals(60, 6) },
      { time: 120_000, totals: totals(180, 6) },
    ];
    const rates = ratesOf(samples);
    expect(rates.perMinute).toBeCloseTo(120);
    expect(rates.errors).toBeCloseTo(6 / 180);
    expect(rates.spark).toEqual([60, 120]);
  });

  test("restart with the gateway and drop old samples", () => {
    const first = { time: 0, totals: totals(100) };
    expect(remember([first], { time: 1, totals: totals(3) })).toHaveLength(1);
    expect(remember([first], { time: WINDOW + 1, totals: totals(101) })).toHaveLength(1);
  });

  test("count a new function from the last sample", () => {
    const at = (calls: number) => new Map([["default/a", totals(calls)]]);
    const first = addSamples(undefined, new Map(), 0);
    const second = addSamples(first, at(10), 5_000);
    expect(ratesOf(second.of.get("default/a") ?? []).perMinute).toBeCloseTo(120);
    // Calls before the first sample do not belong to this minute.
    expect(ratesOf(addSamples(undefined, at(10), 0).of.get("default/a") ?? []).perMinute).toBe(0);
  });

  test("keep one object for idle functions, however often they are sampled", () => {
    const first = { time: 0, totals: totals(100) };
    const grown = remember([first], { time: 1, totals: totals(100) });
    expect(grown[1]?.totals).toBe(first.totals);
  });

  test("interpolate a quantile within its bucket", () => {
    const none = totals(0, 0, [
      [0.1, 0],
      [1, 0],
      [Infinity, 0],
    ]);
    const some = totals(100, 0, [
      [0.1, 50],
      [1, 100],
      [Infinity, 100],
    ]);
    expect(quantile(0.95, none, some)).toBeCloseTo(0.91);
    expect(quantile(0.95, some, some)).toBeNull();
    const slow = totals(1, 0, [
      [0.1, 0],
      [1, 0],
      [Infinity, 1],
    ]);
    expect(quantile(0.95, none, slow)).toBe(1);
  });

  test("are read from the exposition format, ignoring other metrics", () => {
    const text = [
      "# TYPE plat_function_calls_total counter",
      'plat_function_calls_total{code="2xx",function="a",namespace="default"} 3.0',
      'plat_function_calls_total{code="5xx",function="a",namespace="default"} 1.0',
      'plat_function_call_duration_seconds_bucket{function="a",le="0.1",namespace="default"} 2.0',
      'plat_function_call_duration_seconds_bucket{function="a",le="+Inf",namespace="default"} 4.0',
      'plat_function_calls_in_flight{function="a",namespace="default"} 1.0',
      "process_cpu_seconds_total 5",
    ].join("\n");
    expect([...readMetrics(text)]).toEqual([
      [
        "default/a",
        {
          calls: 4,
          failed: 1,
          inFlight: 1,
          buckets: [
            [0.1, 2],
            [Infinity, 4],
          ],
        },
      ],
    ]);
  });
});

test("recreates a row only if its function or rates changed", () => {
  const [one, other] = [sample({ name: "one" }), sample({ name: "other" })];
  const rates = { perMinute: 0, errors: null, p95: null, spark: [] };
  const before = rowsOf([one, other], () => rates);
  const after = rowsOf([one, { ...other }], () => rates);
  expect(after[0]).toBe(before[0]);
  expect(after[1]).not.toBe(before[1]);
  expect(rowsOf([one], () => ({ ...rates }))[0]).not.toBe(before[0]);
});

describe("rows", () => {
  const rows = rowsOf([sample({ name: "beta" }), sample({ name: "alpha", suspend: true })], () => ({
    perMinute: 0,
    errors: null,
    p95: null,
    spark: [],
  }));

  test("are searched by words, filtered and sorted", () => {
    const shown = (query: string) =>
      selectRows(rows, readView(new URLSearchParams(query))).map(({ ref }) => ref.name);
    expect(shown("")).toEqual(["alpha", "beta"]);
    expect(shown("order=desc")).toEqual(["beta", "alpha"]);
    expect(shown("search=python+STOPPED")).toEqual(["alpha"]);
    expect(shown("phase=starting")).toEqual(["beta"]);
  });

  test("fall back to the default view for invalid parameters", () => {
    expect(readView(new URLSearchParams("sort=x&phase=y&order=z"))).toEqual({
      search: "",
      phase: "",
      sort: "name",
      order: "asc",
    });
  });
});
