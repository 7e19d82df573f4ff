import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, readlink, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TakeoverInitSchema } from "../../gen/cloud/agent/api/takeover_pb.ts";
import type { TakeoverInit } from "../../gen/cloud/agent/api/takeover_pb.ts";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { OSInstallationReport, OSInstallationRequest } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { Phase, ReportProgressResponseSchema } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { Compression, DiskSelectorSchema, ImageInstallationSchema } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import type { FakeControlPlane } from "../../test/support/fake-control-plane.ts";
import { fakeControlPlane, Refusal, unauthenticated, unavailable } from "../../test/support/fake-control-plane.ts";
import { quickLimits } from "../../test/support/install-rig.ts";
import { createLogger } from "../lib/log.ts";
import type { AgentOptions } from "./run.ts";
import { runRecordOpen } from "./run-record.ts";
import { runAgent } from "./run.ts";

const mebibyte = 1 << 20;
const log = createLogger({ level: "silent", component: "agent" });
const old = Buffer.alloc(24 * mebibyte, "old");
// Not a multiple of any block, and half of it packs well.
const image = Buffer.concat([randomBytes(5 * mebibyte), Buffer.alloc(6 * mebibyte, "abc"), randomBytes(777)]);

let folder: string;
let plane: FakeControlPlane;
let images: Server;
let imagesUrl: string;
let serveImage: RequestListener;
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agent-"));
  await writeFile(join(folder, "disk0"), old);
  plane = await fakeControlPlane();
  serveImage = (_request, response) => response.end(image);
  images = createServer((request, response) => serveImage(request, response));
  await once(images.listen(0, "127.0.0.1"), "listening");
  const address = images.address();
  imagesUrl = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/image.raw`;
  stops = [];
});

afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  await plane[Symbol.asyncDispose]();
  images.closeAllConnections();
  await new Promise((resolve) => images.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

/** Starts an agent; the answer stops it and waits until it has ended. */
function start(options: Partial<AgentOptions> = {}): () => Promise<void> {
  const controller = new AbortController();
  const running = runAgent({
    init: plane.init,
    fileDisks: folder,
    log,
    heartbeatIntervalMs: 40,
    signal: controller.signal,
    ...options,
  });
  const stop = async (): Promise<void> => {
    controller.abort();
    await running;
  };
  stops.push(stop);
  return stop;
}

const digest = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

function installation(
  generation: bigint,
  fields: MessageInitShape<typeof ImageInstallationSchema> = {},
): OSInstallationRequest {
  const value = create(ImageInstallationSchema, {
    url: imagesUrl,
    digest: digest(image),
    rootDisk: create(DiskSelectorSchema, { name: "disk0" }),
    ...fields,
  });
  return create(OSInstallationRequestSchema, { generation, type: { case: "image", value } });
}

const until = <Value>(check: () => Value): Promise<Awaited<Value>> =>
  vi.waitFor(check, { timeout: 60_000, interval: 5 }) as Promise<Awaited<Value>>;

/** The first report that arrives. */
const reported = (): Promise<OSInstallationReport> =>
  until(() => {
    const [report] = plane.reports;
    if (report === undefined) {
      throw new Error("no report yet");
    }
    return report;
  });

const takeoverOf = ({ init }: FakeControlPlane): TakeoverInit => init.takeoverInit ?? create(TakeoverInitSchema);
const errorOf = (report: OSInstallationReport): string =>
  report.result.case === "error" ? report.result.value.error : `no error, but ${report.result.case}`;
const disk = (): Promise<Buffer> => readFile(join(folder, "disk0"));
const phases = (): Phase[] => plane.progress.map(({ phase }) => phase);
const heardAfter = async (count: number): Promise<void> => {
  const before = plane.heartbeats.length;
  await until(() => expect(plane.heartbeats.length).toBeGreaterThanOrEqual(before + count));
};

describe("heartbeats", () => {
  test("X1: all ended runs are named, one heartbeat after the other, before a request is begun", async () => {
    const runDirectory = join(folder, "runs");
    const { machineId } = takeoverOf(plane);
    const earlier = [randomBytes(16), randomBytes(16), randomBytes(16)];
    for (const runId of earlier) {
      await (await runRecordOpen({ directory: runDirectory, machineId, runId, log }))[Symbol.asyncDispose]();
    }
    const told: string[] = [];
    let refuse = true;
    plane.onHeartbeat = ({ endedRunId }) => {
      if (told.length === 1 && refuse) {
        refuse = false;
        unavailable();
      }
      told.push(Buffer.from(endedRunId).toString("hex"));
    };
    plane.onProgress = ({ phase }) => void (phase === Phase.WRITING && told.push("writing"));
    plane.request = installation(1n);
    // An hour: what comes sooner was not waited for, save the one retry.
    start({ heartbeatIntervalMs: 3_600_000, runDirectory });
    await reported();
    const expected = earlier.toReversed().map((run) => run.toString("hex"));
    expect(told.slice(0, 4)).toEqual([...expected, "writing"]);
    expect(told.slice(4).filter((one) => one !== "" && one !== "writing")).toEqual([]);
  });

  test("the hardware report is sent until a heartbeat with it is answered OK; the run id is in each", async () => {
    let refusals = 3;
    plane.onHeartbeat = () => (refusals-- > 0 ? unavailable() : undefined);
    start();
    await until(() => expect(plane.heartbeats.length).toBeGreaterThan(6));
    const withHardware = plane.heartbeats.map(({ hardwareReport }) => hardwareReport !== undefined);
    expect(withHardware.slice(0, 6)).toEqual([true, true, true, true, false, false]);
    const node = plane.heartbeats[0]?.hardwareReport?.report;
    expect(node?.cpu.length).toBeGreaterThan(0);
    expect(node?.blockDevice.map(({ name }) => name)).toContain("disk0");
    const runs = new Set(plane.heartbeats.map(({ runId }) => Buffer.from(runId).toString("hex")));
    expect([...runs][0]).toMatch(/^[0-9a-f]{32}$/u);
    expect(runs.size).toBe(1);
    expect(plane.heartbeats[0]?.machineId).toBe(plane.init.takeoverInit?.machineId);
  });

  test("a hardware report that is refused for its content does not silence the machine", async () => {
    plane.onHeartbeat = ({ hardwareReport }) => {
      if (hardwareReport?.report !== undefined) {
        throw new Refusal(status.INVALID_ARGUMENT, "hardware_report: too odd");
      }
    };
    start();
    await until(() => expect(plane.heartbeats.slice(-1).map((each) => "hardwareReport" in each)).toEqual([false]));
    const told = plane.heartbeats.findLast(({ hardwareReport }) => hardwareReport !== undefined);
    expect(told?.hardwareReport?.warning.join()).toContain("too odd");
  });

  test("a key that was never accepted is tried again until it is", async () => {
    let refusals = 4;
    plane.onHeartbeat = () => (refusals-- > 0 ? unauthenticated() : undefined);
    plane.request = installation(1n);
    start();
    expect((await reported()).result.case).toBe("success");
  });

  test("the control plane is reached by its name as by its address", async () => {
    const { bmaasEndpoint } = takeoverOf(plane);
    const byName = { ...takeoverOf(plane), bmaasEndpoint: bmaasEndpoint.replace("127.0.0.1", "localhost") };
    start({ init: { ...plane.init, takeoverInit: byName } });
    await until(() => expect(plane.heartbeats.length).toBeGreaterThan(1));
  });

  test("a control plane that nobody vouches for, or that has another name, hears nothing", async () => {
    await using stranger = await fakeControlPlane();
    // The second name stands in for an address in TLS's greeting.
    await using renamed = await fakeControlPlane(["other.example", "control-plane.invalid"]);
    const { caCertificate: strangersCa } = takeoverOf(stranger);
    const lines: string[] = [];
    const listening = pino({ level: "warn" }, { write: (line) => void lines.push(line) });
    const { bmaasEndpoint } = takeoverOf(renamed);
    for (const [of, changes, expected] of [
      [plane, { caCertificate: strangersCa }, /certificate/u],
      [renamed, {}, /IP: 127\.0\.0\.1 is not in the cert's list/u],
      [
        renamed,
        { bmaasEndpoint: bmaasEndpoint.replace("127.0.0.1", "localhost") },
        /Host: localhost\. is not in the cert/u,
      ],
    ] as const) {
      const takeoverInit = { ...takeoverOf(of), ...changes };
      const stop = start({ init: { ...of.init, takeoverInit }, log: listening });
      await until(() => expect(lines.at(-1)).toMatch(expected));
      await stop();
    }
    expect(renamed.heartbeats).toEqual([]);
    expect(plane.heartbeats).toEqual([]);
  });
});

describe("an installation", () => {
  test.each([
    ["raw", (bytes: Buffer) => bytes],
    ["gzip", (bytes: Buffer) => gzipSync(bytes)],
    [
      "gzip of two members",
      (bytes: Buffer) => Buffer.concat([gzipSync(bytes.subarray(0, 99)), gzipSync(bytes.subarray(99))]),
    ],
    ["zstd", (bytes: Buffer) => zstdCompressSync(bytes)],
    [
      "zstd of two frames",
      (bytes: Buffer) => Buffer.concat([zstdCompressSync(bytes.subarray(0, 99)), zstdCompressSync(bytes.subarray(99))]),
    ],
  ])("%s: the disk holds the image byte for byte", async (_name, pack) => {
    const packed = pack(image);
    serveImage = (_request, response) => response.end(packed);
    plane.request = installation(123n, { digest: digest(packed), sizeBytes: BigInt(image.length), readBack: true });
    start();
    expect(await reported()).toMatchObject({ generation: 123n, result: { case: "success" } });
    const written = await disk();
    expect(written.subarray(0, image.length).equals(image)).toBe(true);
    expect(written.subarray(image.length).equals(old.subarray(image.length))).toBe(true);
    expect(phases().filter((phase, index, all) => phase !== all[index - 1])).toEqual([
      Phase.SELECTING_DISK,
      Phase.WRITING,
      Phase.VERIFYING,
      Phase.CONFIGURING,
    ]);
    expect(new Set(plane.progress.map(({ runId }) => Buffer.from(runId).toString("hex"))).size).toBe(1);
  });

  test("small images, and ones of exactly a block, and of the disk's size", async () => {
    start();
    for (const [index, size] of [1, 3, 4 * mebibyte, old.length].entries()) {
      const bytes = randomBytes(size);
      serveImage = (_request, response) => response.end(bytes);
      const generation = BigInt(index + 1);
      plane.request = installation(generation, { digest: digest(bytes) });
      await until(() => expect(plane.reports.at(-1)).toMatchObject({ generation, result: { case: "success" } }));
      expect((await disk()).subarray(0, size).equals(bytes)).toBe(true);
    }
  });

  test("a report is repeated until it is acknowledged, and nothing is begun twice", async () => {
    let fetches = 0;
    let refusals = 3;
    serveImage = (_request, response) => {
      fetches += 1;
      response.end(image);
    };
    plane.request = installation(7n);
    plane.onHeartbeat = ({ installationReport }) =>
      installationReport !== undefined && refusals-- > 0 ? unavailable() : undefined;
    start();
    await reported();
    await heardAfter(3);
    const carried = plane.heartbeats.filter(({ installationReport }) => installationReport !== undefined);
    expect(carried).toHaveLength(4);
    // A control plane that lost the result asks again: it is told the result again.
    plane.reports = [];
    expect(await reported()).toMatchObject({ generation: 7n, result: { case: "success" } });
    expect(fetches).toBe(1);
  });

  test("a restarted agent is another run, and begins again what was not reported", async () => {
    let broken = true;
    const begun = Promise.withResolvers<void>();
    serveImage = (_request, response) => {
      if (broken) {
        response.writeHead(200, { "content-length": image.length });
        response.write(image.subarray(0, 9 * mebibyte), () => begun.resolve());
      } else {
        response.end(image);
      }
    };
    plane.request = installation(7n);
    const stop = start();
    await begun.promise;
    await until(async () => expect((await disk()).equals(old)).toBe(false));
    await stop();
    const half = await disk();
    // What stands half-written must not look as if it could boot.
    expect(half.subarray(0, 4 * mebibyte).equals(Buffer.alloc(4 * mebibyte))).toBe(true);
    expect(half.equals(await disk())).toBe(true);
    expect(plane.reports).toEqual([]);
    broken = false;
    start();
    expect((await reported()).result.case).toBe("success");
    expect(new Set(plane.heartbeats.map(({ runId }) => Buffer.from(runId).toString("hex"))).size).toBe(2);
  });

  test("a control plane that is away for a while, in each phase, costs nothing but time", async () => {
    const seen = new Map<Phase, number>();
    plane.request = installation(7n);
    plane.onProgress = ({ phase }) => {
      seen.set(phase, (seen.get(phase) ?? 0) + 1);
      return (seen.get(phase) ?? 0) <= 2 ? unavailable() : undefined;
    };
    start({ random: () => 0 });
    expect((await reported()).result.case).toBe("success");
    expect(seen.get(Phase.WRITING)).toBeGreaterThan(2);
  });
});

describe("the machine is started into its disk", () => {
  const reboots = (): { reboot: () => Promise<void>; count: () => number } => {
    let count = 0;
    return { reboot: () => Promise.resolve(void (count += 1)), count: () => count };
  };

  test("once a success was acknowledged, which is told first; not before", async () => {
    const { reboot, count } = reboots();
    let refusals = 3;
    plane.request = installation(7n);
    plane.onHeartbeat = ({ installationReport }) =>
      installationReport !== undefined && refusals-- > 0 ? unavailable() : undefined;
    start({ reboot });
    await until(() => expect(refusals).toBe(1));
    expect(count()).toBe(0);
    await until(() => expect(count()).toBe(1));
    expect(plane.reports).toHaveLength(1);
    expect(plane.progress.at(-1)).toMatchObject({ generation: 7n, phase: Phase.REBOOTING });
  });

  test("not after a failure, nor while a newer generation is requested", async () => {
    const { reboot, count } = reboots();
    plane.request = installation(7n, { digest: `sha256:${"0".repeat(64)}` });
    start({ reboot });
    expect((await reported()).result.case).toBe("error");
    await heardAfter(3);
    expect(count()).toBe(0);
    // The answer that acknowledges the next success asks for another one.
    const held = Promise.withResolvers<void>();
    plane.onHeartbeat = ({ installationReport }) => {
      if (installationReport?.generation === 8n) {
        plane.request = installation(9n);
        serveImage = (_request, response) => void held.promise.then(() => response.end(image));
      }
    };
    plane.request = installation(8n);
    await until(() => expect(plane.reports.map(({ generation }) => generation)).toContain(8n));
    await heardAfter(3);
    expect(count()).toBe(0);
    held.resolve();
    await until(() => expect(count()).toBe(1));
    expect(plane.reports.map(({ generation }) => generation)).toEqual([7n, 8n, 9n]);
  });

  test("a reboot that fails is tried again", async () => {
    let tries = 0;
    plane.request = installation(7n);
    start({ reboot: () => (++tries < 3 ? Promise.reject(new Error("not now")) : Promise.resolve()) });
    await until(() => expect(tries).toBe(3));
  });

  test("also by the next run of an agent that ended between its success and the answer", async () => {
    const { reboot, count } = reboots();
    const resultFile = join(folder, "..", `result-${plane.init.takeoverInit?.machineId}`);
    plane.request = installation(7n);
    const acknowledge = plane.onHeartbeat;
    plane.onHeartbeat = ({ installationReport }) => (installationReport === undefined ? undefined : unavailable());
    const stop = start({ reboot, resultFile });
    await until(() =>
      expect(plane.heartbeats.some(({ installationReport }) => installationReport !== undefined)).toBe(true),
    );
    await stop();
    expect(count()).toBe(0);
    // The control plane has the result, but its answer was lost: nothing is requested any more.
    plane.request = undefined;
    plane.onHeartbeat = acknowledge;
    start({ reboot, resultFile });
    await until(() => expect(count()).toBe(1));
    expect(plane.reports).toMatchObject([{ generation: 7n, result: { case: "success" } }]);
    await rm(resultFile);
  });
});

describe("no byte goes to a disk", () => {
  test("before WRITING is acknowledged", async () => {
    const held = Promise.withResolvers<undefined>();
    plane.onProgress = ({ phase }) => (phase === Phase.WRITING ? held.promise : undefined);
    plane.request = installation(7n);
    start();
    await until(() => expect(phases()).toContain(Phase.WRITING));
    // Heartbeats go on meanwhile.
    await heardAfter(5);
    expect((await disk()).equals(old)).toBe(true);
    held.resolve(undefined);
    await reported();
    expect((await disk()).subarray(0, image.length).equals(image)).toBe(true);
  });

  test.each<[string, () => never, RegExp]>([
    [
      "when it is refused",
      () => {
        throw new Refusal(status.INVALID_ARGUMENT, "generation negative");
      },
      /did not acknowledge WRITING.*generation negative/u,
    ],
    [
      "when the control plane does not know it",
      () => {
        throw new Refusal(status.UNIMPLEMENTED, "no such method");
      },
      /did not acknowledge WRITING.*no such method/u,
    ],
  ])("%s", async (_name, refuse, expected) => {
    plane.onProgress = refuse;
    plane.request = installation(7n);
    start();
    expect(errorOf(await reported())).toMatch(expected);
    expect((await disk()).equals(old)).toBe(true);
  });

  test.each([Phase.SELECTING_DISK, Phase.WRITING])("when the answer to phase %s calls it off", async (at) => {
    plane.onProgress = ({ phase, generation }) =>
      phase === at ? create(ReportProgressResponseSchema, { cancelledGeneration: generation }) : undefined;
    plane.request = installation(7n);
    start();
    await until(() => expect(phases()).toContain(at));
    await heardAfter(4);
    expect(plane.heartbeats.every(({ installationReport }) => installationReport === undefined)).toBe(true);
    expect((await disk()).equals(old)).toBe(true);
  });

  test("when a heartbeat calls it off while WRITING waits to be acknowledged", async () => {
    plane.onProgress = ({ phase }) => (phase === Phase.WRITING ? unavailable() : undefined);
    plane.request = installation(7n);
    start();
    await until(() => expect(phases()).toContain(Phase.WRITING));
    plane.cancelled = 7n;
    await heardAfter(2);
    plane.onProgress = () => {};
    const asked = plane.progress.length;
    await heardAfter(20);
    expect(plane.progress).toHaveLength(asked);
    expect((await disk()).equals(old)).toBe(true);
  });

  const html = "<!DOCTYPE html><title>Sign in</title>";
  const zstd = zstdCompressSync(image);
  const bad: [string, RequestListener, MessageInitShape<typeof ImageInstallationSchema>, RegExp][] = [
    ["404", (_q, r) => void r.writeHead(404).end("no"), {}, /answered 404 Not Found, expected 200/u],
    ["204", (_q, r) => void r.writeHead(204).end(), {}, /answered 204/u],
    [
      "an HTML page by type",
      (_q, r) => void r.setHeader("content-type", "text/html; charset=x").end("x"),
      {},
      /HTML page/u,
    ],
    ["an HTML page by content", (_q, r) => void r.end(`\n ${html}`), {}, /HTML page/u],
    ["an empty file", (_q, r) => void r.end(), {}, /empty file/u],
    ["a broken answer", (_q, r) => void r.socket?.end("HTTP/1.1 x\r\n\r\n"), {}, /cannot be fetched/u],
    ["no answer", () => {}, {}, /did not answer within/u],
    [
      "a redirect in a circle",
      (q, r) => void r.writeHead(302, { location: q.url ?? "" }).end(),
      {},
      /more than 5 times/u,
    ],
    [
      "a redirect to a file",
      (_q, r) => void r.writeHead(302, { location: "file:///etc/passwd" }).end(),
      {},
      /redirects to/u,
    ],
    ["broken xz", (_q, r) => void r.end(Buffer.from("fd377a585a000000", "hex")), {}, /unpacked as xz: /u],
    ["broken qcow2", (_q, r) => void r.end(Buffer.from("514649fb00000003", "hex")), {}, /qcow2 image is damaged/u],
    [
      "packed qcow2",
      (_q, r) => void r.end(gzipSync(Buffer.from("514649fb0003", "hex"))),
      {},
      /qcow2 image is damaged/u,
    ],
    [
      "not gzip",
      (_q, r) => void r.end(image),
      { compression: Compression.GZIP },
      /cannot be unpacked as gzip.*header/u,
    ],
    ["not zstd", (_q, r) => void r.end(image), { compression: Compression.ZSTD }, /cannot be unpacked as zstd/u],
    [
      "too large by its length",
      (_q, r) => void r.writeHead(200, { "content-length": 1e9 }).write(image.subarray(0, 9999)),
      {},
      /disk0 has 25165824 bytes, the image has 1000000000 bytes/u,
    ],
    ["too large by size_bytes", (_q, r) => void r.end(zstd), { sizeBytes: 1n << 40n }, /disk0 has 25165824 bytes/u],
    ["no digest", () => {}, { digest: "" }, /has no digest/u],
    ["a bad digest", () => {}, { digest: "sha256:123" }, /has the digest "sha256:123", expected sha256:<64/u],
    ["a bad url", () => {}, { url: "ftp://x/y" }, /url is "ftp:\/\/x\/y", expected http/u],
    ["oci", () => {}, { url: "oci://x/y@sha256:0" }, /expected oci:\/\/host\/repository@sha256/u],
    [
      "an unreachable image",
      () => {},
      { url: "http://127.0.0.1:1/x" },
      /127.0.0.1:1\/x cannot be fetched .*: .*ECONNREFUSED/u,
    ],
    ["a signature of no format", () => {}, { signature: {} }, /format, 0, is unknown to this agent/u],
    ["no selector", () => {}, { rootDisk: {} }, /does not say which disk.*disk0 \(25165824 bytes; serial=disk0/u],
    ["no disk", () => {}, { rootDisk: { serialNumber: "x" } }, /no disk matches serial=x.*Disks: disk0/u],
    ["a real disk", () => {}, { rootDisk: { name: "/dev/vda" } }, /no disk matches name=/u],
    ["a link among the file-disks", () => {}, { rootDisk: { name: "link" } }, /no disk matches name=link/u],
  ];
  test.each(bad)("for %s", async (_name, listener, fields, expected) => {
    await symlink(join(folder, "disk0"), join(folder, "link"));
    serveImage = listener;
    plane.request = installation(7n, fields);
    start({ fetchLimits: { ...quickLimits, answer: 300, idle: 300 } });
    expect(errorOf(await reported())).toMatch(expected);
    expect((await disk()).equals(old)).toBe(true);
    expect(phases()).not.toContain(Phase.VERIFYING);
    await heardAfter(2);
  });

  test("for several disks that match, which are listed", async () => {
    await writeFile(join(folder, "disk1"), "");
    await truncate(join(folder, "disk1"), old.length);
    plane.request = installation(7n, { rootDisk: { minBytes: 1n } });
    start();
    const error = errorOf(await reported());
    expect(error).toMatch(/2 disks match min-bytes=1, expected exactly one/u);
    expect(error).toMatch(/serial=disk0 .*serial=disk1/u);
    expect((await disk()).equals(old)).toBe(true);
  });

  test.each<["metropolis" | undefined, RegExp]>([
    ["metropolis", /Metropolis/u],
    [undefined, /type is unknown to this agent/u],
  ])("for a request of type %s", async (type, expected) => {
    const body = type === undefined ? { case: undefined } : { case: type, value: {} };
    plane.request = create(OSInstallationRequestSchema, { generation: 9n, type: body });
    start();
    expect(errorOf(await reported())).toMatch(expected);
  });
});

describe("an image that is not what was asked for is an error", () => {
  const altered = Buffer.from(image);
  altered[image.length - 1] = (altered[image.length - 1] ?? 0) ^ 1;
  const gzip = gzipSync(image);
  const zstd = zstdCompressSync(image);
  const cut =
    (bytes: Buffer): RequestListener =>
    (_request, response) => {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, bytes.length - 1000), () => response.socket?.end());
    };
  const bad: [string, RequestListener, MessageInitShape<typeof ImageInstallationSchema>, RegExp][] = [
    [
      "altered",
      (_q, r) => void r.end(altered),
      {},
      new RegExp(`has the digest ${digest(altered)} .*expected ${digest(image)}`, "u"),
    ],
    ["cut short", cut(image), {}, new RegExp(`broke off after ${image.length - 1000} of ${image.length} bytes`, "u")],
    ["cut short, gzip", cut(gzip), { digest: digest(gzip) }, /broke off after \d+ of \d+ bytes/u],
    ["cut short, zstd", cut(zstd), { digest: digest(zstd) }, /broke off after \d+ of \d+ bytes/u],
    ["cut short at its origin", (_q, r) => void r.end(image.subarray(0, -1000)), {}, /has the digest .*expected/u],
    [
      "cut short at its origin, gzip",
      (_q, r) => void r.end(gzip.subarray(0, -1000)),
      { digest: digest(gzip) },
      /cannot be unpacked as gzip/u,
    ],
    [
      "cut short at its origin, zstd",
      (_q, r) => void r.end(zstd.subarray(0, -1000)),
      { digest: digest(zstd) },
      /unpacked as zstd|digest|unpacks to/u,
    ],
    [
      "stalled",
      (_q, r) => void r.writeHead(200, { "content-length": image.length }).write(image.subarray(0, 9999)),
      {},
      /no byte came for 0.5 s after 9999 of/u,
    ],
    [
      "of another size than size_bytes",
      (_q, r) => void r.end(gzip),
      { digest: digest(gzip), sizeBytes: 5n },
      /unpacks to \d+ bytes, expected size_bytes, 5/u,
    ],
    ["nothing, packed", (_q, r) => void r.end(gzipSync("")), { digest: digest(gzipSync("")) }, /unpacks to 0 bytes/u],
    [
      "followed by garbage",
      (_q, r) => void r.end(Buffer.concat([gzip, Buffer.alloc(9 * mebibyte, "x")])),
      { digest: digest(gzip) },
      /more bytes follow|digest|unpacked/u,
    ],
  ];
  test.each(bad)("%s", async (_name, listener, fields, expected) => {
    serveImage = listener;
    plane.request = installation(7n, fields);
    start({ fetchLimits: { ...quickLimits, idle: 500 } });
    expect(errorOf(await reported())).toMatch(expected);
    // It goes on heartbeating, and does not try again.
    const fetched = phases().filter((phase) => phase === Phase.SELECTING_DISK).length;
    await heardAfter(3);
    expect(phases().filter((phase) => phase === Phase.SELECTING_DISK)).toHaveLength(fetched);
    // Its beginning was never written.
    expect((await disk()).subarray(0, 4096).equals(image.subarray(0, 4096))).toBe(false);
  });

  test("an image that unpacks to more than the disk holds is noticed at once", async () => {
    const packed = gzipSync(Buffer.alloc(64 * mebibyte));
    serveImage = (_request, response) => response.end(packed);
    plane.request = installation(7n, { digest: digest(packed) });
    start();
    expect(errorOf(await reported())).toMatch(/disk0 has 25165824 bytes, the image has more than \d+ bytes/u);
    expect((await disk()).length).toBe(old.length);
  });
});

describe("called off while it writes", () => {
  /** Serves most of the image and then waits; resolves when that much is on the disk. */
  const writing = async (): Promise<void> => {
    serveImage = (_request, response) => {
      response.writeHead(200, { "content-length": image.length });
      response.write(image.subarray(0, 9 * mebibyte));
    };
    plane.request = installation(7n);
    await until(async () =>
      expect(
        (await disk()).subarray(4 * mebibyte, 8 * mebibyte).equals(image.subarray(4 * mebibyte, 8 * mebibyte)),
      ).toBe(true),
    );
  };
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) => images.getConnections((error, count) => (error ? reject(error) : resolve(count))));

  test("by a cancellation: dropped, without a report", async () => {
    start();
    await writing();
    plane.cancelled = 7n;
    await until(async () => expect(await connections()).toBe(0));
    const after = await disk();
    await heardAfter(3);
    expect((await disk()).equals(after)).toBe(true);
    expect(plane.reports).toEqual([]);
    expect(plane.heartbeats.some(({ installationReport }) => installationReport !== undefined)).toBe(false);
  });

  test("when all is written, by the answer to VERIFYING", async () => {
    plane.onProgress = ({ phase, generation }) =>
      phase === Phase.VERIFYING ? create(ReportProgressResponseSchema, { cancelledGeneration: generation }) : undefined;
    plane.request = installation(7n);
    start();
    await until(() => expect(phases()).toContain(Phase.VERIFYING));
    await heardAfter(4);
    expect(plane.heartbeats.every(({ installationReport }) => installationReport === undefined)).toBe(true);
  });

  test("by a greater generation, which is then installed", async () => {
    start();
    await writing();
    const next = randomBytes(10 * mebibyte);
    serveImage = (_request, response) => response.end(next);
    plane.request = installation(8n, { digest: digest(next) });
    expect(await reported()).toMatchObject({ generation: 8n, result: { case: "success" } });
    expect((await disk()).subarray(0, next.length).equals(next)).toBe(true);
    expect(plane.reports).toHaveLength(1);
  });

  test("but not by an answer without a request, nor by UNAVAILABLE", async () => {
    let finish = (): void => {};
    start();
    serveImage = (_request, response) => {
      response.writeHead(200, { "content-length": image.length });
      response.write(image.subarray(0, 9 * mebibyte));
      finish = () => void response.end(image.subarray(9 * mebibyte));
    };
    plane.request = installation(7n);
    await until(() => expect(phases()).toContain(Phase.WRITING));
    plane.request = undefined;
    await heardAfter(3);
    plane.onHeartbeat = unavailable;
    await heardAfter(3);
    plane.onHeartbeat = () => undefined;
    finish();
    expect((await reported()).result.case).toBe("success");
  });

  test("by a refused key: nothing is reported, and it is retried slowly; accepted again, it is a failure", async () => {
    start();
    await writing();
    plane.onHeartbeat = unauthenticated;
    await until(async () => expect(await connections()).toBe(0));
    const refusedAt = plane.heartbeats.length;
    const began = performance.now();
    await heardAfter(2);
    // Intervals of 40 ms: the slow pauses are at least twice that.
    expect((performance.now() - began) / 2).toBeGreaterThan(80);
    expect(plane.heartbeats.slice(refusedAt).every((each) => each.installationReport === undefined)).toBe(true);
    plane.onHeartbeat = () => undefined;
    expect(errorOf(await reported())).toMatch(/refused this agent's key/u);
  });

  test("by stopping the agent: no byte afterwards, nothing left open", async () => {
    const stop = start();
    await writing();
    await stop();
    const after = await disk();
    await until(async () => expect(await connections()).toBe(0));
    const open = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
    expect((await Promise.all(open)).filter((path) => path.startsWith(folder))).toEqual([]);
    expect((await disk()).equals(after)).toBe(true);
    expect(plane.reports).toEqual([]);
  });
});
