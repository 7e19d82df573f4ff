import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { prng } from "../lib/prng.ts";
import { createDisplay, formatMilliseconds } from "./display.ts";
import { gate } from "./gate.ts";
import { frame, frameReader } from "./agent/grpc-frame.ts";
import { firstDisk, simulatedHardware } from "./agent/simulated-hardware.ts";
import { histogram } from "./record/histogram.ts";
import { installFollowUp, installOperation } from "./operators/operation-next.ts";
import { installationPlan } from "./agent/installation-plan.ts";
import { uuidOf } from "./operators/operators.ts";
import { endpointCheck, optionsCheck, type SimulationOptions } from "./options.ts";
import { createStatistics } from "./record/statistics.ts";
import type { SimulationStatus } from "./record/status.ts";

test("frames are read however they are cut", () => {
  const messages = [Buffer.alloc(0), Buffer.from("a"), Buffer.alloc(300, 7)];
  const bytes = Buffer.concat(messages.map((message) => frame(message)));
  for (const size of [1, 4, 6, bytes.length]) {
    const read = frameReader();
    const got: Buffer[] = [];
    for (let offset = 0; offset < bytes.length; offset += size) {
      got.push(...read(bytes.subarray(offset, offset + size)));
    }
    expect(got).toEqual(messages);
  }
});

test("a histogram's quantiles are right to within 4 %", () => {
  const all = histogram();
  expect(all.quantile(0.5)).toBe(0);
  for (let value = 1; value <= 10_000; value += 1) {
    all.add(value / 10);
  }
  for (const share of [0.01, 0.5, 0.99, 1]) {
    expect(all.quantile(share) / (share * 1000)).toBeGreaterThanOrEqual(0.999);
    expect(all.quantile(share) / (share * 1000)).toBeLessThan(1.041);
  }
  all.clear();
  expect([all.count, all.quantile(1)]).toEqual([0, 0]);
});

test("a gate lets a maximum number in, in order, and counts each leaving once", () => {
  const { enter } = gate(2);
  const inside: string[] = [];
  const leaves: (() => void)[] = [];
  for (const name of ["a", "b", "c", "d"]) {
    enter((leave) => {
      inside.push(name);
      leaves.push(leave);
    });
  }
  expect(inside).toEqual(["a", "b"]);
  leaves[0]?.();
  leaves[0]?.();
  expect(inside).toEqual(["a", "b", "c"]);
  leaves[2]?.();
  expect(inside).toEqual(["a", "b", "c", "d"]);
});

describe("made-up hardware", () => {
  test("is a machine's own and the same each time, survives the wire, and names a disk", () => {
    const one = simulatedHardware("s", "sim-s-1");
    expect(simulatedHardware("s", "sim-s-1")).toEqual(one);
    expect(fromBinary(AgentHardwareReportSchema, toBinary(AgentHardwareReportSchema, one))).toEqual(one);
    expect(one.report?.serialNumber).toBe("sim-s-1");
    expect(firstDisk(one)).toBe("SIM-S-1-D0");
  });

  test("varies", () => {
    const fleet = Array.from({ length: 100 }, (_, index) => simulatedHardware("s", `sim-s-${index}`));
    expect(new Set(fleet.map(({ report }) => report?.manufacturer)).size).toBe(3);
    expect(new Set(fleet.map(({ report }) => report?.blockDevice.length)).size).toBeGreaterThan(3);
    expect(
      new Set(fleet.flatMap(({ report }) => report?.networkInterface.map(({ mac }) => mac.join()) ?? [])).size,
    ).toBe(fleet.reduce((sum, { report }) => sum + (report?.networkInterface.length ?? 0), 0));
  });
});

test("an installation's plan is the same for every agent; slow links take longer", () => {
  const options = {
    seed: "s",
    machine: 4,
    generation: 2n,
    faults: ["bad-image"] as const,
    fails: false,
    slow: false,
    longest: 10_000,
  };
  const plan = installationPlan(options);
  expect(installationPlan(options)).toEqual(plan);
  expect(installationPlan({ ...options, slow: true }).writing).toBeCloseTo(plan.writing * 3);
  expect(installationPlan({ ...options, generation: 3n })).not.toEqual(plan);
  expect(installationPlan({ ...options, faults: [], fails: true }).fault).toBeDefined();
});

describe("the operators' side", () => {
  test("asks where nothing is open; else replaces or cancels what is", () => {
    const random = prng("x");
    expect(installOperation(random, undefined)).toEqual({ kind: "request" });
    const kinds = Array.from({ length: 50 }, () => installOperation(random, 7n));
    expect(new Set(kinds.map(({ kind }) => kind))).toEqual(new Set(["replace", "cancel"]));
    expect(kinds[0]).toMatchObject({ generation: 7n });
  });

  test("now and then a request is replaced or cancelled later, or repeated", () => {
    const random = prng("y");
    const plans = Array.from({ length: 2000 }, () => installFollowUp(random, 1000));
    const share = (of: (plan: (typeof plans)[number]) => boolean): number => plans.filter(of).length / plans.length;
    expect(share(({ followUp }) => followUp?.kind === "replace")).toBeCloseTo(0.05, 1);
    expect(share(({ followUp }) => followUp?.kind === "cancel")).toBeCloseTo(0.05, 1);
    expect(share(({ repeat }) => repeat)).toBeCloseTo(0.1, 1);
    expect(plans.every(({ followUp }) => (followUp?.after ?? 0) <= 1500)).toBe(true);
  });

  test("the same words give the same UUID", () => {
    expect(uuidOf("a", 1)).toBe(uuidOf("a 1"));
    expect(uuidOf("a", 2)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
  });
});

describe("options", () => {
  const good: SimulationOptions = {
    agents: 5,
    interval: 30_000,
    faults: [],
    seed: "1",
    duration: 60_000,
    installsPerMinute: 5,
    endpoints: [],
    operators: ["http://127.0.0.1:8080"],
    token: "t",
    anywhere: false,
  };
  test.each<[string, Partial<SimulationOptions>, RegExp]>([
    ["too many agents", { agents: 10_001 }, /agents: 10001, expected 1 to 10000/u],
    ["no time", { duration: 0 }, /duration in seconds: 0/u],
    ["more than a day", { duration: 90_000_000 }, /expected 1 to 86400/u],
    ["a seed that is no name", { seed: "A b" }, /the seed is "A b"/u],
    [
      "an operator API elsewhere",
      { operators: ["http://192.0.2.1:8080"] },
      /192\.0\.2\.1 is not this host.*--anywhere/u,
    ],
    ["agents elsewhere", { endpoints: [{ host: "192.0.2.1", port: 1 }] }, /is not this host/u],
    ["no operator API", { operators: [] }, /no operator API/u],
  ])("%s: refused, saying what was expected", (_what, change, message) => {
    expect(() => optionsCheck(good)).not.toThrow();
    expect(() => optionsCheck({ ...good, ...change })).toThrow(message);
  });

  test("elsewhere, where that is meant", () => {
    const elsewhere = { operators: ["http://[2001:db8::1]:80"], endpoints: [{ host: "a.example", port: 1 }] };
    expect(() => optionsCheck({ ...good, ...elsewhere, anywhere: true })).not.toThrow();
    expect(endpointCheck("[::1]:9", false)).toEqual({ host: "::1", port: 9 });
    expect(() => endpointCheck("a.example:9", false)).toThrow(/a\.example is not this host/u);
    expect(endpointCheck("a.example:9", true)).toEqual({ host: "a.example", port: 9 });
  });
});

describe("the display", () => {
  const status = (seconds: number): SimulationStatus => ({
    phase: "running",
    seconds,
    machines: 10,
    agents: { connected: 9, watching: 8, idle: 5, installing: 3, reporting: 1, away: 1 },
    heartbeatsPerSecond: 33.3,
    heartbeat: { p50: 1.23, p99: 45 },
    heard: { p50: 7, p99: 1234 },
    open: 4,
    counts: createStatistics().counts,
    violations: 0,
  });

  test("plainly: a line every ten seconds", () => {
    let text = "";
    const display = createDisplay({ write: (more) => (text += more) });
    for (let second = 1; second < 25; second += 1) {
      display.show(status(second));
    }
    expect(text.split("\n")).toHaveLength(4);
    expect(text).toContain(
      "9/10 connected, 33 heartbeats/s, p50 1.2 ms, p99 45 ms; 3 installing, 4 open of 0 requests",
    );
  });

  test("on a terminal: over the last one", () => {
    let text = "";
    const display = createDisplay({ write: (more) => (text += more), isTTY: true });
    display.show(status(1));
    display.show(status(2));
    expect(text).toContain("\u001b[6A\u001b[J");
    display.tell("stays");
    display.end();
    expect(text.endsWith("\u001b[6A\u001b[Jstays\n")).toBe(true);
    expect(formatMilliseconds(1234)).toBe("1.2 s");
  });
});
