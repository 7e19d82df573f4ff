import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create, toJsonString } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AgentInitSchema } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import { EnrollResponseSchema, EnrollState } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import {
  fakeControlPlane,
  Refusal,
  unavailable,
  type FakeControlPlane,
} from "../../../test/support/fake-control-plane.ts";
import { recordingLog, type RecordingLog } from "../../../test/support/recording-log.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { systemClock } from "../../lib/clock.ts";
import { runBoot, type BootOptions } from "./run.ts";

const smbiosUuid = "4c4c4544-0051-3610-8052-b4c04f4e3132";

let root: string;
let plane: FakeControlPlane;
let netboot: Server;
let netbootUrl: string;
let answerToken: RequestListener;
let recorded: RecordingLog;
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "agent-boot-"));
  plane = await fakeControlPlane();
  answerToken = (_request, response) => response.writeHead(404).end();
  netboot = createServer((request, response) => answerToken(request, response));
  await once(netboot.listen(0, "127.0.0.1"), "listening");
  const address = netboot.address();
  netbootUrl = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  recorded = recordingLog();
  stops = [];
  await put("run/farrier/nothing", "");
  await put("disks/nothing", "");
  await put("sys/class/dmi/id/product_uuid", `${smbiosUuid.toUpperCase()}\n`);
  await put("sys/class/net/eth0/address", "52:54:00:12:34:56\n");
  await put("sys/class/net/eth0/type", "1\n");
  await put("sys/devices/x", "");
  // The fake knows this key alone; an agent that was started again finds its own.
  await writeFile(keyPath(), plane.init.privateKey, { mode: 0o600 });
});

afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  await plane[Symbol.asyncDispose]();
  netboot.closeAllConnections();
  await new Promise((resolve) => netboot.close(resolve));
  await rm(root, { recursive: true, force: true });
});

const keyPath = (): string => join(root, "run/farrier/agent.key");

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

async function bootJson(more: Record<string, unknown> = {}): Promise<void> {
  const { bmaasEndpoint: endpoint = "", caCertificate = new Uint8Array() } = plane.init.takeoverInit ?? {};
  const text = { endpoint, caCertificate: Buffer.from(caCertificate).toString("base64"), ...more };
  await put("etc/farrier/boot.json", JSON.stringify(text));
}

function start(options: Partial<BootOptions> = {}): { stop: () => Promise<void>; running: Promise<void> } {
  const controller = new AbortController();
  const running = runBoot({
    root,
    fileDisks: join(root, "disks"),
    log: recorded.log,
    signal: controller.signal,
    ...options,
  });
  running.catch(() => undefined);
  const stop = async (): Promise<void> => {
    controller.abort(new Error("the test is over"));
    await running.catch(() => undefined);
  };
  stops.push(stop);
  return { stop, running };
}

const awaiting = create(EnrollResponseSchema, { state: EnrollState.AWAITING_APPROVAL, retryAfterSeconds: 15 });
const heartbeat = (): Promise<true> => waitFor("a heartbeat", () => plane.heartbeats.length > 0);

describe("runBoot", () => {
  test("enrols with its token, UUID, MACs and hardware, then heartbeats as the machine it was told it is", async () => {
    await bootJson({ token: "the token", netboot: netbootUrl });
    start();
    await heartbeat();
    expect(plane.enrollments).toHaveLength(1);
    expect(plane.enrollments[0]).toMatchObject({ token: "the token", smbiosUuid });
    expect(plane.enrollments[0]?.hardwareReport?.report).toBeDefined();
    expect(plane.heartbeats[0]?.machineId).toBe(plane.init.takeoverInit?.machineId);
    expect(plane.heartbeats[0]?.hardwareReport).toEqual(plane.enrollments[0]?.hardwareReport);
    expect(JSON.stringify(recorded.lines)).not.toContain("the token");
  });

  test("keeps what it was told for its owner alone; started again, it has the same key and does not enrol again", async () => {
    await bootJson({ token: "the token" });
    const { stop } = start();
    await heartbeat();
    await stop();
    const key = await readFile(keyPath());
    expect((await stat(join(root, "run/farrier/agent-init.json"))).mode & 0o777).toBe(0o600);
    plane.heartbeats.length = 0;
    start();
    await heartbeat();
    expect(await readFile(keyPath())).toEqual(key);
    expect(plane.enrollments).toHaveLength(1);
  });

  test("makes a key where there is none, for its owner alone, and shows the same one after a restart", async () => {
    await rm(keyPath());
    await bootJson();
    // The fake refuses a strange key in the handshake: the agent goes on trying.
    const first = start();
    await waitFor("a try", () => recorded.count(/cannot be reached/u) > 0);
    await first.stop();
    const key = await readFile(keyPath());
    expect(key).toHaveLength(64);
    expect((await stat(keyPath())).mode & 0o777).toBe(0o600);
    const second = start();
    await waitFor("another try", () => recorded.count(/cannot be reached/u) > 1);
    await second.stop();
    expect(await readFile(keyPath())).toEqual(key);
  });

  test("a file that holds no key is written anew", async () => {
    await writeFile(keyPath(), "short");
    await bootJson();
    const { stop } = start();
    await waitFor("a try", () => recorded.count(/cannot be reached/u) > 0);
    await stop();
    expect(await readFile(keyPath())).toHaveLength(64);
  });

  test("waits for approval as long as it takes, and is let in then", async () => {
    await bootJson();
    const clock = new FakeClock();
    let waits = 3;
    plane.onEnroll = () => (waits-- > 0 ? awaiting : undefined);
    start({ clock, random: () => 0 });
    for (let round = 1; round <= 3; round += 1) {
      await waitFor("a try", () => plane.enrollments.length === round);
      // What counts up for the supervisor sleeps too.
      await clock.untilSleeping(2);
      await clock.advance(15_000);
    }
    await heartbeat();
    expect(plane.enrollments).toHaveLength(4);
    expect(recorded.count(/waits for approval/u)).toBe(3);
  });

  test("asks for a token until there is one, and presents it at once; a token that was refused is not presented again", async () => {
    await bootJson({ token: "used up", netboot: netbootUrl });
    const clock = new FakeClock();
    const asked: unknown[] = [];
    answerToken = (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        asked.push([request.method, request.url, JSON.parse(Buffer.concat(chunks).toString())]);
        if (asked.length < 3) {
          response.writeHead(404).end("no window is open\n");
        } else {
          response.end(JSON.stringify({ token: "fresh" }));
        }
      });
    };
    plane.onEnroll = ({ token }) => (token === "fresh" ? undefined : awaiting);
    start({ clock, random: () => 0 });
    await waitFor("a first try", () => asked.length === 1);
    await clock.untilSleeping(2);
    await clock.advance(15_000);
    await heartbeat();
    expect(plane.enrollments.map(({ token }) => token)).toEqual(["used up", "", "fresh"]);
    expect(asked[0]).toEqual(["POST", "/enrollment-token", { uuid: smbiosUuid, mac: [] }]);
    expect(JSON.stringify(recorded.lines)).not.toContain("fresh");
  });

  test.for<[string, RequestListener]>([
    ["is far too long", (_request, response) => response.end(`{"token":"${"x".repeat(10_000)}"}`)],
    ["is no JSON", (_request, response) => response.end("<html>")],
    ["has no token", (_request, response) => response.end('{"token":5}')],
    ["breaks off", (request) => request.socket.destroy()],
  ])("an answer to the question for a token that %s is none", async ([, listener]) => {
    await bootJson({ netboot: netbootUrl });
    const clock = new FakeClock();
    let asked = 0;
    answerToken = (request, response) => {
      asked += 1;
      listener(request, response);
    };
    plane.onEnroll = () => awaiting;
    start({ clock });
    await waitFor("the question", () => asked === 1);
    await clock.untilSleeping(2);
    expect(plane.enrollments.map(({ token }) => token)).toEqual([""]);
  });

  test("a control plane that is away, or does not like the hardware report, is asked again", async () => {
    await bootJson({ token: "the token" });
    const answers = [
      unavailable,
      () => {
        throw new Refusal(status.INVALID_ARGUMENT, "hardware_report is too long");
      },
    ];
    plane.onEnroll = () => answers.shift()?.();
    start({ clock: { ...systemClock, sleep: (_milliseconds, signal) => systemClock.sleep(1, signal) } });
    await heartbeat();
    const shown = plane.enrollments.map(({ token, hardwareReport }) => [token, hardwareReport !== undefined]);
    expect(shown).toEqual([
      ["the token", true],
      ["the token", true],
      ["the token", false],
    ]);
  });

  test("an agent-init.json that came with the boot is enough: nothing is enrolled", async () => {
    await put("etc/farrier/agent-init.json", toJsonString(AgentInitSchema, plane.init));
    await chmod(join(root, "etc/farrier/agent-init.json"), 0o600);
    start();
    await heartbeat();
    expect(plane.enrollments).toEqual([]);
  });

  test("a bad boot.json ends it, saying what was expected", async () => {
    await put("etc/farrier/boot.json", '{"endpoint":"nowhere"}');
    await expect(start().running).rejects.toThrow('"endpoint" is "nowhere", expected HOST:PORT of the agent API');
  });

  test("counts up in a file for its supervisor, and no more once it has ended", async () => {
    await bootJson();
    const clock = new FakeClock();
    const alive = (): Promise<string> => readFile(join(root, "run/farrier/alive"), "utf8").catch(() => "");
    plane.onEnroll = () => awaiting;
    const { stop } = start({ clock });
    await waitFor("a count", async () => (await alive()) === "1\n");
    await clock.untilSleeping(2);
    await clock.advance(10_000);
    await waitFor("the next", async () => (await alive()) === "2\n");
    await stop();
    expect(clock.sleepers).toBe(0);
  });
});
