import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { AgentInitSchema } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import {
  ReportLogRequestSchema,
  ReportLogResponseSchema,
  type ReportLogRequest,
  type ReportLogResponse,
} from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { agentServer } from "../../../test/support/agent-server.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { fakeControlPlane } from "../../../test/support/fake-control-plane.ts";
import { recordingLog } from "../../../test/support/recording-log.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { tlsFilesEnsure } from "../../lib/tls/credentials.ts";
import type { CallOutcome } from "../calls/control-plane.ts";
import { startLogSender, type LogSender } from "./log-sender.ts";
import { createLogTail, type LogTail } from "./log-tail.ts";
import { runAgent } from "../run.ts";

const json = (msg: string): string => JSON.stringify({ level: "info", time: "2026-01-01T00:00:00.000Z", msg });
const ok: CallOutcome<ReportLogResponse> = { kind: "ok", response: create(ReportLogResponseSchema) };

interface Harness extends AsyncDisposable {
  clock: FakeClock;
  tail: LogTail;
  sender: LogSender;
  calls: ReportLogRequest[];
  /** What the next calls are answered with; OK by default. */
  answers: CallOutcome<ReportLogResponse>[];
}

function harness(): Harness {
  const clock = new FakeClock();
  const tail = createLogTail();
  const calls: ReportLogRequest[] = [];
  const answers: CallOutcome<ReportLogResponse>[] = [];
  const controlPlane = {
    reportLog: (request: ReportLogRequest) => {
      calls.push(request);
      return Promise.resolve(answers.shift() ?? ok);
    },
  };
  const sender = startLogSender({
    machineId: "m",
    runId: Buffer.alloc(16),
    controlPlane,
    tail,
    clock,
    random: () => 1,
  });
  return { clock, tail, sender, calls, answers, [Symbol.asyncDispose]: () => sender[Symbol.asyncDispose]() };
}

const texts = (calls: readonly ReportLogRequest[]): string[][] =>
  calls.map(({ lines }) => lines.map(({ text }) => text));

describe("the log's sender", () => {
  test("sends nothing before a heartbeat was answered, then gathers lines into calls with growing numbers", async () => {
    await using h = harness();
    h.tail.write(json("one"));
    await h.clock.advance(60_000);
    expect(h.calls).toEqual([]);
    h.sender.heartbeatAnswered();
    await h.clock.untilSleeping();
    await h.clock.advance(2_000);
    await h.clock.untilSleeping();
    h.tail.write(json("two"));
    h.tail.write(json("three"));
    await h.clock.advance(1_000);
    await h.clock.untilSleeping();
    expect(texts(h.calls)).toEqual([["one"], ["two", "three"]]);
    expect(h.calls.map(({ sequence }) => sequence)).toEqual([1n, 2n]);
  });

  test("repeats a call that may have arrived as it was, with what came since in the next", async () => {
    await using h = harness();
    h.answers.push({ kind: "unavailable", message: "away" });
    h.tail.write(json("one"));
    h.sender.heartbeatAnswered();
    await h.clock.untilSleeping();
    await h.clock.advance(2_000);
    await h.clock.untilSleeping();
    h.tail.write(json("two"));
    await h.clock.advance(2_000);
    await h.clock.untilSleeping();
    await h.clock.advance(1_000);
    await h.clock.untilSleeping();
    expect(texts(h.calls)).toEqual([["one"], ["one"], ["two"]]);
    expect(h.calls.map(({ sequence }) => sequence)).toEqual([1n, 1n, 2n]);
  });

  test.each(["fatal", "invalid"] as const)(
    "lets go of what is refused as %s, and says how many lines",
    async (kind) => {
      await using h = harness();
      h.answers.push({ kind, message: "no" });
      h.tail.write(json("one"));
      h.sender.heartbeatAnswered();
      await h.clock.untilSleeping();
      await h.clock.advance(2_000);
      await h.clock.untilSleeping();
      h.tail.write(json("two"));
      await h.clock.advance(kind === "fatal" ? 599_000 : 1_000);
      expect(texts(h.calls)).toEqual([["one"]]);
      await h.clock.advance(1_000);
      await h.clock.untilSleeping();
      expect(h.calls.map(({ dropped }) => dropped)).toEqual([0n, 1n]);
    },
  );

  test("after a refusal of the key waits for a heartbeat that was answered", async () => {
    await using h = harness();
    h.answers.push({ kind: "unauthenticated", message: "no" });
    h.tail.write(json("one"));
    h.sender.heartbeatAnswered();
    await h.clock.untilSleeping();
    await h.clock.advance(2_000);
    await h.clock.untilSleeping();
    await h.clock.advance(600_000);
    expect(h.calls.length).toBe(1);
    h.sender.heartbeatAnswered();
    await waitFor("the second call", () => h.calls.length === 2);
  });

  test("at its end sends what waits, where the call before was taken", async () => {
    const h = harness();
    h.tail.write(json("one"));
    h.sender.heartbeatAnswered();
    await h.clock.untilSleeping();
    await h.clock.advance(2_000);
    await h.clock.untilSleeping();
    h.tail.write(json("last words"));
    await h[Symbol.asyncDispose]();
    expect(texts(h.calls)).toEqual([["one"], ["last words"]]);
    const silent = harness();
    silent.tail.write(json("one"));
    await silent[Symbol.asyncDispose]();
    expect(silent.calls).toEqual([]);
  });
});

test("what an agent logs arrives at a real server, its last words too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "log-"));
  try {
    await writeFile(join(folder, "disk0"), Buffer.alloc(1 << 20));
    const { caCertificateDer, serverCertificatePem, serverKeyPem } = await tlsFilesEnsure({
      directory: join(folder, "tls"),
      serverNames: ["127.0.0.1"],
    });
    await using server = await agentServer({
      certificate: { certificatePem: serverCertificatePem, keyPem: serverKeyPem },
    });
    const machine = await server.fleet.add();
    const init = create(AgentInitSchema, {
      takeoverInit: {
        machineId: machine.machineId,
        bmaasEndpoint: `127.0.0.1:${server.port}`,
        caCertificate: Uint8Array.from(caCertificateDer),
      },
      privateKey: machine.agent.privateKey,
    });
    const logTail = createLogTail();
    const { log } = recordingLog(logTail.write);
    const stop = new AbortController();
    const running = runAgent({ init, fileDisks: folder, log, logTail, random: () => 0, signal: stop.signal });
    const stored = async (): Promise<string[]> => {
      const calls = await server.fleet.rows<{ raw: Uint8Array }>(
        "SELECT agent_log_raw AS raw FROM machine_agent_log WHERE machine_id = $1 ORDER BY log_number",
        machine.machineId,
      );
      return calls.flatMap(({ raw }) => fromBinary(ReportLogRequestSchema, raw).lines.map(({ text }) => text));
    };
    await waitFor("the first lines", async () => (await stored()).some((text) => text.startsWith("agent started")));
    stop.abort(new Error("the test ends"));
    await running;
    expect((await stored()).at(-1)).toBe("agent stopping");
    expect((await stored()).join("\n")).not.toContain(Buffer.from(machine.agent.privateKey).toString("hex"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a control plane that does not know ReportLog notices nothing else, and neither does the agent", async () => {
  const folder = await mkdtemp(join(tmpdir(), "log-"));
  await using plane = await fakeControlPlane();
  try {
    await writeFile(join(folder, "disk0"), Buffer.alloc(1 << 20));
    const logTail = createLogTail();
    const { log, count } = recordingLog(logTail.write);
    const stop = new AbortController();
    const options = { heartbeatIntervalMs: 50, fileDisks: folder, random: () => 0 };
    const running = runAgent({ ...options, init: plane.init, log, logTail, signal: stop.signal });
    await waitFor("some heartbeats", () => plane.heartbeats.length > 5);
    stop.abort(new Error("the test ends"));
    await running;
    expect([count(/agent started/u), count(/log/iu)]).toEqual([1, 0]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
