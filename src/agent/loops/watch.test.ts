import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AgentInitSchema } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import type { AgentInit } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import { OSInstallationRequestSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { OSInstallationRequest } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { WatchRequest, WatchResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { WatchResponseSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { agentServer } from "../../../test/support/agent-server.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import type { FakeControlPlane, FakeWatch } from "../../../test/support/fake-control-plane.ts";
import { fakeControlPlane, Refusal } from "../../../test/support/fake-control-plane.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { createLogger } from "../../lib/log.ts";
import { tlsFilesEnsure } from "../../lib/tls/credentials.ts";
import type { CallOutcome } from "../calls/control-plane.ts";
import { runAgent } from "../run.ts";
import type { AgentOptions } from "../run.ts";
import { startWatch } from "./watch.ts";

const log = createLogger({ level: "silent", component: "agent" });

/** A request that fails at once, without an image: that it was begun shows in its report. */
function hopeless(generation: bigint): OSInstallationRequest {
  return create(OSInstallationRequestSchema, {
    generation,
    type: { case: "image", value: { url: "http://[::1]:1/" } },
  });
}

describe("against a control plane", () => {
  let folder: string;
  let plane: FakeControlPlane;
  let stops: (() => Promise<void>)[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "watch-"));
    await writeFile(join(folder, "disk0"), Buffer.alloc(1 << 20));
    plane = await fakeControlPlane();
    stops = [];
  });

  afterEach(async () => {
    await Promise.all(stops.map((stop) => stop()));
    await plane[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** Heartbeats are too rare to be what brings anything. */
  function start(init: AgentInit = plane.init, options: Partial<AgentOptions> = {}): void {
    const controller = new AbortController();
    const running = runAgent({
      init,
      fileDisks: folder,
      log,
      heartbeatIntervalMs: 60_000,
      random: () => 0,
      signal: controller.signal,
      ...options,
    });
    stops.push(async () => {
      controller.abort();
      await running;
    });
  }

  const nthWatch = (count: number): Promise<FakeWatch> => waitFor(`${count} watches`, () => plane.watches[count - 1]);

  test("a request comes over it, and its cancellation; what was taken up is told to the next stream", async () => {
    plane.onWatch = () => {};
    start();
    const first = await nthWatch(1);
    expect(first.request.machineId).toBe(plane.init.takeoverInit?.machineId);
    expect(first.request.runId).toEqual(plane.heartbeats[0]?.runId);
    expect(first.request.lastSeenGeneration).toBe(0n);
    // Its image never comes, so that it is in hand when it is called off.
    const images = createServer(() => {});
    await once(images.listen(0, "127.0.0.1"), "listening");
    stops.push(async () => {
      images.closeAllConnections();
      images.close();
      await once(images, "close");
    });
    const { port } = images.address() as AddressInfo;
    first.send({
      case: "installationRequest",
      value: create(OSInstallationRequestSchema, {
        generation: 7n,
        type: {
          case: "image",
          value: { url: `http://127.0.0.1:${port}/`, digest: `sha256:${"ab".repeat(32)}`, rootDisk: { name: "disk0" } },
        },
      }),
    });
    await waitFor("the installation to begin", () => plane.progress.length > 0);
    first.send({ case: "cancelledGeneration", value: 7n });
    first.send({ case: "installationRequest", value: hopeless(8n) });
    await waitFor("the next one's report", () => plane.reports.some(({ generation }) => generation === 8n));
    expect(plane.reports.map(({ generation }) => generation)).toEqual([8n]);
    first.end(status.UNAVAILABLE);
    expect((await nthWatch(2)).request.lastSeenGeneration).toBe(8n);
  });

  test("is not opened before a heartbeat was answered OK", async () => {
    plane.onWatch = () => {};
    let answered = false;
    plane.onHeartbeat = () => {
      if (plane.heartbeats.length < 3) {
        expect(plane.watches).toEqual([]);
        throw new Refusal(status.UNAVAILABLE, "not yet");
      }
      answered = true;
    };
    start(plane.init, { heartbeatIntervalMs: 40 });
    await nthWatch(1);
    expect(answered).toBe(true);
  });

  test("a watch that is unknown, breaks or stays silent costs no heartbeat and aborts nothing", async () => {
    for (const code of [status.UNIMPLEMENTED, status.UNAVAILABLE, status.UNAUTHENTICATED, undefined]) {
      let asked = 0;
      plane.heartbeats = [];
      plane.onWatch = () => {
        asked += 1;
        if (code !== undefined) {
          throw new Refusal(code, "by the test");
        }
      };
      plane.reports = [];
      plane.request = hopeless(BigInt((code ?? 0) + 1));
      const held = Promise.withResolvers<undefined>();
      plane.onProgress = () => held.promise;
      start(plane.init, { heartbeatIntervalMs: 30 });
      await waitFor("the watch to be tried", () => asked > 0);
      const before = plane.heartbeats.length;
      await waitFor("heartbeats to go on", () => plane.heartbeats.length > before + 3);
      held.resolve(undefined);
      await waitFor("the result", () => plane.reports.length > 0);
      await stops.pop()?.();
    }
  });

  test("it ends with the agent", async () => {
    plane.onWatch = () => {};
    start();
    const watch = await nthWatch(1);
    await stops.pop()?.();
    await waitFor("the stream to end", () => watch.left);
  });

  test("a request that is committed is begun by the watch, long before the next heartbeat, from the real server", async () => {
    const { caCertificateDer, serverCertificatePem, serverKeyPem } = await tlsFilesEnsure({
      directory: join(folder, "../..", `${folder.split("/").at(-1)}-tls`),
      serverNames: ["127.0.0.1"],
    });
    stops.push(() => rm(`${folder}-tls`, { recursive: true, force: true }));
    await using server = await agentServer({
      certificate: { certificatePem: serverCertificatePem, keyPem: serverKeyPem },
    });
    const machine = await server.fleet.add();
    start(
      create(AgentInitSchema, {
        takeoverInit: {
          machineId: machine.machineId,
          bmaasEndpoint: `127.0.0.1:${server.port}`,
          caCertificate: Uint8Array.from(caCertificateDer),
        },
        privateKey: machine.agent.privateKey,
      }),
      { heartbeatIntervalMs: 3_600_000 },
    );
    await waitFor("the watch", async () => (await server.metrics.agentWatches.get()).values[0]?.value === 1);
    const generation = await server.fleet.request(machine);
    const progressed = async (): Promise<boolean> =>
      (await server.fleet.history(machine)).includes(`installation_progressed ${generation}`) ||
      (await server.fleet.history(machine)).includes(`installation_failed ${generation}`);
    await waitFor("the agent to begin", progressed, { intervalMs: 2 });
    await stops.pop()?.();
  });
});

describe("a watch's life", () => {
  /** Streams that do what a test says, and time that passes when it says so. */
  function harness(): {
    clock: FakeClock;
    opened: {
      request: WatchRequest;
      end: (outcome: CallOutcome<void>) => void;
      say: (message: WatchResponse) => void;
    }[];
    watch: ReturnType<typeof startWatch>;
  } {
    const clock = new FakeClock();
    const opened: ReturnType<typeof harness>["opened"] = [];
    const watch = startWatch({
      machineId: "m",
      runId: new Uint8Array(16),
      controlPlane: {
        watch: (request, signal, say) =>
          new Promise((resolve) => {
            opened.push({ request, end: resolve, say });
            signal.addEventListener("abort", () => resolve({ kind: "unavailable", message: "aborted" }));
          }),
      },
      installations: { offer: () => {}, lastSeen: () => 3n },
      clock,
      random: () => 1,
      log,
    });
    return { clock, opened, watch };
  }
  const keepalive = create(WatchResponseSchema, { event: { case: "keepalive", value: {} } });
  const message = "";

  test("backs off from 2 to 60 s, and again from the start after a stream that held", async () => {
    const { clock, opened, watch } = harness();
    await clock.advance(1_000_000);
    expect(opened).toHaveLength(0);
    watch.heartbeatAnswered();
    for (const [index, delay] of [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000].entries()) {
      await waitFor("the stream", () => opened[index]);
      opened[index]?.end({ kind: "unavailable", message });
      await clock.untilSleeping();
      await waitFor("the pause", () => clock.nextIn === delay);
      await clock.advance(delay);
    }
    await waitFor("the stream", () => opened[7]);
    await clock.advance(20_000);
    opened[7]?.end({ kind: "ok", response: undefined });
    await waitFor("the pause", () => clock.nextIn === 2_000);
    await watch[Symbol.asyncDispose]();
    expect(clock.sleepers).toBe(0);
  });

  test("150 s of silence end it; signs of life do not", async () => {
    const { clock, opened, watch } = harness();
    watch.heartbeatAnswered();
    await clock.untilSleeping();
    for (let minute = 0; minute < 5; minute += 1) {
      await clock.advance(60_000);
      opened[0]?.say(keepalive);
    }
    await clock.advance(149_999);
    expect(opened).toHaveLength(1);
    await clock.advance(1);
    await waitFor("the pause", () => clock.nextIn === 2_000);
    await clock.advance(2_000);
    await waitFor("the next stream", () => opened[1]);
    await watch[Symbol.asyncDispose]();
  });

  test("if the method is unknown, it is called again after ten minutes", async () => {
    const { clock, opened, watch } = harness();
    watch.heartbeatAnswered();
    await waitFor("the stream", () => opened[0]);
    opened[0]?.end({ kind: "fatal", message });
    await waitFor("the pause", () => clock.nextIn === 600_000);
    await clock.advance(600_000);
    await waitFor("the next stream", () => opened[1]);
    expect(opened[1]?.request.lastSeenGeneration).toBe(3n);
    await watch[Symbol.asyncDispose]();
  });

  test("after a refused key it waits for a heartbeat that is answered OK", async () => {
    const { clock, opened, watch } = harness();
    watch.heartbeatAnswered();
    await waitFor("the stream", () => opened[0]);
    opened[0]?.end({ kind: "unauthenticated", message });
    await waitFor("the pause", () => clock.nextIn === 2_000);
    await clock.advance(1_000_000);
    expect(opened).toHaveLength(1);
    watch.heartbeatAnswered();
    await waitFor("the next stream", () => opened[1]);
    await watch[Symbol.asyncDispose]();
  });
});
