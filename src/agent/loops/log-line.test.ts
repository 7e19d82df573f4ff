import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LogLevel } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { logLine } from "./log-line.ts";
import { createLogTail } from "./log-tail.ts";

const json = (record: Record<string, unknown>): string =>
  `${JSON.stringify({ level: "info", time: "2026-01-01T00:00:00.000Z", component: "agent", machine: "m", run: "r", ...record })}\n`;

describe("a line of the log", () => {
  test("is its message and what is said beside it, but what is the same in every line", () => {
    expect(logLine(json({ msg: "disk selected", disk: "sda", count: 3, list: ["a"] }))).toMatchObject({
      atMs: 1_767_225_600_000n,
      level: LogLevel.INFO,
      text: 'disk selected disk=sda count=3 list=["a"]',
    });
    expect(logLine(json({ level: "fatal", msg: "x" }))?.level).toBe(LogLevel.ERROR);
  });

  test.each([["debug"], ["trace"], ["silent"]])("of level %s is not sent", (level) => {
    expect(logLine(json({ level, msg: "heartbeat" }))).toBeUndefined();
  });

  test("never has a secret in it", () => {
    const line = logLine(
      json({
        msg: "fetching https://user:hunter2@images.example/os.raw?X-Signature=abcdef",
        token: "t0ps3cret",
        privateKey: "k3y",
        userData: "#cloud-config passwd: x",
      }),
    );
    expect(line?.text).toBe(
      "fetching https://images.example/os.raw token=(kept back) privateKey=(kept back) userData=(kept back)",
    );
  });

  test("has at most 1 KiB of well-formed text, whatever was logged", () => {
    expect(Buffer.byteLength(logLine(json({ msg: "ü".repeat(5000) }))?.text ?? "")).toBe(1024);
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.json()),
        fc.string({ unit: "binary", maxLength: 3000 }),
        (raw, msg) => {
          logLine(raw);
          const text = logLine(json({ msg, [msg]: raw }))?.text ?? "";
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024);
          expect(text.isWellFormed() && !text.includes("\0")).toBe(true);
        },
      ),
    );
  });
});

describe("what waits to be sent", () => {
  test("comes in batches of 200 lines and 48 KiB, the oldest first", () => {
    const tail = createLogTail();
    for (let index = 0; index < 250; index += 1) {
      tail.write(json({ msg: `line ${index}` }));
    }
    const [first, second, third] = [tail.batch(), tail.batch(), tail.batch()];
    expect([first.lines.length, second.lines.length, third.lines.length]).toEqual([200, 50, 0]);
    expect([first.lines[0]?.text, second.lines.at(-1)?.text]).toEqual(["line 0", "line 249"]);
    for (let index = 0; index < 60; index += 1) {
      tail.write(json({ msg: "x".repeat(1024) }));
    }
    expect(tail.batch().lines.length).toBeLessThan(49);
  });

  test("has its limit; what is let go is counted, and told once", () => {
    const tail = createLogTail();
    for (let index = 0; index < 1_500; index += 1) {
      tail.write(json({ msg: `line ${index}` }));
    }
    const first = tail.batch();
    expect([first.dropped, first.lines[0]?.text]).toEqual([500, "line 500"]);
    tail.lost(7);
    expect([tail.batch().dropped, tail.batch().dropped]).toEqual([7, 0]);
    for (let index = 0; index < 1_000; index += 1) {
      tail.write(json({ msg: "x".repeat(1024) }));
    }
    let bytes = 0;
    for (let batch = tail.batch(); batch.lines.length > 0; batch = tail.batch()) {
      bytes += batch.lines.reduce((sum, { text }) => sum + text.length, 0);
    }
    expect(bytes).toBeLessThanOrEqual(256 << 10);
  });

  test("wakes who waits for it", async () => {
    const tail = createLogTail();
    const some = tail.some();
    tail.write("no line of the log's");
    tail.write(json({ msg: "x" }));
    await some;
    await tail.some();
  });
});
