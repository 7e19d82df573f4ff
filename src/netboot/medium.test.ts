import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { operator, silent, testFleet, type Fleet, type TestMachine } from "../../test/support/fleet.ts";
import { recordingLog } from "../../test/support/recording-log.ts";
import { agentKey } from "../database/ids.ts";
import { machineIdentitySet } from "../database/machine-identity.ts";
import { mediumProgress } from "../database/queries/boot/boot-medium.ts";
import { bootTokenGive } from "../database/queries/boot/boot-token.ts";
import { bootWindowClose, bootWindowOpen, bootWindowState } from "../database/queries/boot/boot-window.ts";
import { agentEnroll } from "../database/queries/enrollment/enrollment.ts";
import { sessionStart, type Session } from "../database/session.ts";
import { transact } from "../database/transaction.ts";
import { systemClock } from "../lib/clock.ts";
import { defined } from "../lib/defined.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { mediumSecret, mediumUrl, type MediumSecret } from "../contract/medium-path.ts";
import { netbootServe, type NetbootListener } from "./serve.ts";

const recording = recordingLog();
const area = { offset: 70_000, bytes: 65_536 };
/** As it is built: with a blank area. */
const built = randomBytes(200_000);
built.fill(0, area.offset, area.offset + area.bytes);

let fleet: Fleet;
let directory: string;
let netboot: NetbootListener;
let session: Session;
beforeAll(async () => {
  fleet = await testFleet();
  session = await sessionStart(fleet.database, { component: "server", log: silent, clock: systemClock });
  directory = await mkdtemp(join(tmpdir(), "farrier-medium-"));
  await mkdir(join(directory, "x86_64"));
  await writeFile(join(directory, "x86_64", "agent.iso"), built);
  await writeFile(join(directory, "x86_64", "medium.json"), JSON.stringify({ bytes: built.length, area }));
  netboot = await serve(Buffer.from("the CA"));
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await netboot[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
  await fleet[Symbol.asyncDispose]();
});

const serve = (caCertificate: Uint8Array): Promise<NetbootListener> =>
  netbootServe({
    address: { host: "127.0.0.1", port: 0 },
    database: fleet.database,
    bootImages: directory,
    ipxeFiles: directory,
    agents: { port: 8443 },
    caCertificate,
    kernelArguments: "",
    metrics: createMetrics(),
    log: recording.log,
    clock: systemClock,
  });

interface Known extends TestMachine {
  smbiosUuid: string;
  windowId: string;
  secret: MediumSecret;
}

/** A machine whose medium the controller at 127.0.0.2 may fetch. */
async function known(
  fetchers: readonly string[] = ["127.0.0.2", "2001:db8::2"],
  way: "medium" | "http" = "medium",
): Promise<Known> {
  const machine = await fleet.add({ agent: false });
  const smbiosUuid = randomUUID();
  await transact(fleet.database, null, (tx) => machineIdentitySet(tx, machine.machineId, { smbiosUuid }));
  const secret = mediumSecret();
  const medium = { digest: secret.digest, way, fetchers };
  const { windowId } = await bootWindowOpen(fleet.database, machine.machineId, {
    actor: operator,
    seconds: 600,
    medium,
  });
  return { ...machine, smbiosUuid, windowId, secret };
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

function fetchMedium(
  { secret }: Pick<Known, "secret">,
  init: { method?: string; range?: string; ifRange?: string; from?: string; path?: string; of?: NetbootListener } = {},
): Promise<Answer> {
  const { method = "GET", range, ifRange, from = "127.0.0.2" } = init;
  const { port } = (init.of ?? netboot).address;
  const path = init.path ?? new URL(mediumUrl("http://server", secret)).pathname;
  const headers = { host: `bmc.lab:${port}`, ...defined({ range, "if-range": ifRange }) };
  return new Promise((resolve, reject) => {
    const call = httpRequest({ host: "127.0.0.1", port, path, method, headers, localAddress: from }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) });
      });
    });
    call.on("error", reject);
    call.end();
  });
}

const areaOf = (medium: Buffer): Buffer => medium.subarray(area.offset, area.offset + area.bytes);

/** The medium as it is, with this area. */
function mediumWith(content: Buffer): Buffer {
  const whole = Buffer.from(built);
  whole.set(content, area.offset);
  return whole;
}

const enroll = (machine: Known, init: { smbiosUuid?: string } = {}) =>
  agentEnroll(fleet.database, session, {
    publicKey: agentKey(randomBytes(32)),
    identity: { smbiosUuid: init.smbiosUuid ?? machine.smbiosUuid, macs: [] },
    address: "192.0.2.9",
    tokenDigest: createHash("sha256").update(machine.secret.token).digest(),
  });

test("a controller gets the shared file with this machine's configuration and token in its area, twice the same", async () => {
  const machine = await known();
  const first = await fetchMedium(machine);
  expect(first.status).toBe(200);
  expect(first.headers["cache-control"]).toBe("no-store");
  const filled = areaOf(first.body);
  expect(first.body.equals(mediumWith(filled))).toBe(true);
  const config = JSON.parse(/\{.*\}/u.exec(filled.toString("latin1"))?.[0] ?? "") as Record<string, string>;
  expect(config).toEqual({
    endpoint: "bmc.lab:8443",
    caCertificate: Buffer.from("the CA").toString("base64"),
    token: machine.secret.token,
  });
  const second = await fetchMedium(machine);
  expect(second.body.equals(first.body)).toBe(true);
  expect(second.headers.etag).toBe(first.headers.etag);
  expect(await bootWindowState(fleet.database, machine.windowId)).toBe("given");
  expect(await fleet.history(machine)).toEqual(["machine_added", "boot_window_opened", "boot_token_given"]);
  // Another machine's is another.
  const other = await fetchMedium(await known());
  expect(other.headers.etag).not.toBe(first.headers.etag);
  expect(areaOf(other.body).equals(filled)).toBe(false);
});

test.each([
  ["before it", 0, 69_999],
  ["into it", 69_000, 70_100],
  ["within it", 70_001, 70_400],
  ["out of it", 135_000, 136_000],
  ["over it", 60_000, 199_999],
  ["its last byte", 135_535, 135_535],
  ["behind it", 135_536, 140_000],
])("a range %s has the same bytes as the whole", async (_name, first, last) => {
  const machine = await known();
  const { status, body, headers } = await fetchMedium(machine, { range: `bytes=${first}-${last}` });
  const whole = await fetchMedium(machine);
  expect(status).toBe(206);
  expect(headers["content-range"]).toBe(`bytes ${first}-${last}/${built.length}`);
  expect(headers.etag).toBe(whole.headers.etag);
  expect(body.equals(whole.body.subarray(first, last + 1))).toBe(true);
});

test("HEAD and what is outside the area hand no token out; the end of the medium does", async () => {
  const machine = await known();
  const head = await fetchMedium(machine, { method: "HEAD" });
  expect([head.status, head.headers["content-length"], head.headers["accept-ranges"], head.body.length]).toEqual([
    200,
    String(built.length),
    "bytes",
    0,
  ]);
  await fetchMedium(machine, { range: "bytes=0-2047" });
  expect(await bootWindowState(fleet.database, machine.windowId)).toBe("open");
  await fetchMedium(machine, { range: "bytes=-100000" });
  expect(await bootWindowState(fleet.database, machine.windowId)).toBe("given");
});

test("a range of another version is answered with the whole medium, and its token counts as handed out", async () => {
  const machine = await known();
  const { status, body } = await fetchMedium(machine, { range: "bytes=0-2047", ifRange: '"another"' });
  expect([status, areaOf(body).includes(machine.secret.token)]).toEqual([200, true]);
  expect(await enroll(machine)).toMatchObject({ status: "accepted" });
});

test("a configuration that does not fit is said in the log, not blamed on the request", async () => {
  const machine = await known();
  await using large = await serve(randomBytes(area.bytes));
  const { status, body } = await fetchMedium(machine, { of: large });
  expect([status, body.toString()]).toEqual([500, "the machine's configuration does not fit on its medium\n"]);
  const logged = recording.lines.filter((line) => JSON.stringify(line).includes("does not fit on a boot medium"));
  expect(logged).toEqual([expect.objectContaining({ machine: machine.machineId, room: area.bytes })]);
  expect(await bootWindowState(fleet.database, machine.windowId)).toBe("open");
});

test("another address gets nothing, and is named", async () => {
  const machine = await known();
  expect(await mediumProgress(fleet.database, machine.machineId)).toMatchObject({ way: "medium", fetched: false });
  const refused = await fetchMedium(machine, { from: "127.0.0.3" });
  const unknown = await fetchMedium({ secret: mediumSecret() });
  expect([refused.status, refused.body.toString()]).toEqual([404, "there is no such medium\n"]);
  expect([unknown.status, unknown.body.toString()]).toEqual([404, "there is no such medium\n"]);
  expect(await mediumProgress(fleet.database, machine.machineId)).toEqual({
    way: "medium",
    fetched: false,
    fetchers: ["127.0.0.2", "2001:db8::2"],
    refusedFetcher: "127.0.0.3",
  });
  await fetchMedium(machine);
  expect(await mediumProgress(fleet.database, machine.machineId)).toMatchObject({ fetched: true });
});

test("an HTTP boot is for the first address that fetches it; a look at its size binds none", async () => {
  const machine = await known([], "http");
  const progress = () => mediumProgress(fleet.database, machine.machineId);
  expect((await fetchMedium(machine, { method: "HEAD", from: "127.0.0.3" })).status).toBe(200);
  expect(await progress()).toEqual({ way: "http", fetched: false, fetchers: [] });
  const first = await fetchMedium(machine, { from: "127.0.0.4" });
  expect([first.status, areaOf(first.body).includes(machine.secret.token)]).toEqual([200, true]);
  for (const method of ["GET", "HEAD"]) {
    const other = await fetchMedium(machine, { from: "127.0.0.3", method });
    expect(other.status).toBe(404);
  }
  expect(await progress()).toEqual({
    way: "http",
    fetched: true,
    fetchers: ["127.0.0.4"],
    refusedFetcher: "127.0.0.3",
  });
  // Firmware that begins anew, or by ranges.
  expect((await fetchMedium(machine, { from: "127.0.0.4", range: "bytes=0-9" })).status).toBe(206);
  expect((await fetchMedium(machine, { from: "127.0.0.4" })).body.equals(first.body)).toBe(true);
  const give = { actor: { kind: "component", name: "netboot" } as const, address: "192.0.2.1" };
  const identity = { smbiosUuid: machine.smbiosUuid, macs: [] };
  expect(await bootTokenGive(fleet.database, { ...give, identity, tokenDigest: randomBytes(32) })).toBe(false);
  expect(await enroll(machine)).toMatchObject({ status: "accepted", newly: true });
  const late = await fetchMedium(machine, { from: "127.0.0.4" });
  expect([late.status, late.body.length, late.body.equals(built)]).toEqual([200, built.length, true]);
  expect((await fetchMedium(machine, { from: "127.0.0.3" })).status).toBe(404);
});

test("the token of an HTTP boot enrols nobody else", async () => {
  const machine = await known([], "http");
  await fetchMedium(machine);
  expect(await enroll(machine, { smbiosUuid: randomUUID() })).toMatchObject({ status: "awaiting" });
});

test("of two addresses that fetch an HTTP boot at once, one gets it", async () => {
  const machine = await known([], "http");
  const from = ["127.0.0.3", "127.0.0.4", "127.0.0.5"];
  const answers = await Promise.all(from.map((address) => fetchMedium(machine, { from: address })));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 404)).toHaveLength(2);
});

test("an HTTP boot is bound by the answer, not by a request that gets none", async () => {
  const machine = await known([], "http");
  const progress = () => mediumProgress(fleet.database, machine.machineId);
  await using large = await serve(randomBytes(area.bytes));
  const from = "127.0.0.3";
  const statuses = [
    (await fetchMedium(machine, { from, of: large })).status,
    (await fetchMedium(machine, { from, range: `bytes=${built.length}-` })).status,
    await withoutMedium(async () => (await fetchMedium(machine, { from })).status),
  ];
  expect(statuses).toEqual([500, 416, 404]);
  expect(await progress()).toEqual({ way: "http", fetched: false, fetchers: [] });
  expect((await fetchMedium(machine, { from: "127.0.0.4" })).status).toBe(200);
  expect(await progress()).toMatchObject({ fetched: true, fetchers: ["127.0.0.4"] });
});

test("of a medium's ranges, and of refusals, the first is recorded", async () => {
  const machine = await known();
  const ask = async (): Promise<void> => {
    expect((await fetchMedium(machine, { range: "bytes=70000-70100" })).status).toBe(206);
    for (const from of ["127.0.0.3", "127.0.0.4"]) {
      expect((await fetchMedium(machine, { from })).status).toBe(404);
    }
  };
  const versions = () =>
    fleet.rows("SELECT xmin::text FROM machine_boot_window WHERE machine_id = $1", machine.machineId);
  await ask();
  const before = await versions();
  await ask();
  expect(await versions()).toEqual(before);
});

test("an HTTP boot that was fetched by nobody binds nobody once its window is over", async () => {
  const machine = await known([], "http");
  await bootWindowClose(fleet.database, { machineId: machine.machineId, actor: operator });
  expect((await fetchMedium(machine)).status).toBe(404);
  expect((await fetchMedium(machine, { method: "HEAD" })).status).toBe(404);
  expect(await mediumProgress(fleet.database, machine.machineId)).toEqual({
    way: "http",
    fetched: false,
    fetchers: [],
  });
});

test("after its agent has enrolled the area is blank; after the window there is no medium", async () => {
  const machine = await known();
  await fetchMedium(machine);
  expect(await enroll(machine)).toMatchObject({ status: "accepted", newly: true });
  const late = await fetchMedium(machine);
  expect([late.status, late.body.equals(built)]).toEqual([200, true]);
  await fleet.rows(
    "UPDATE machine_boot_window SET opened_at = now() - interval '2 s', closes_at = now() - interval '1 s' WHERE window_id = $1",
    machine.windowId,
  );
  expect((await fetchMedium(machine)).status).toBe(404);

  const closed = await known();
  await bootWindowClose(fleet.database, { machineId: closed.machineId, actor: operator });
  expect((await fetchMedium(closed)).status).toBe(404);
  // Opened again, with another path.
  await bootWindowOpen(fleet.database, closed.machineId, { actor: operator, seconds: 60 });
  expect((await fetchMedium(closed)).status).toBe(404);
});

test("a medium's window gives no token to a network boot, and its token enrols nobody else", async () => {
  const machine = await known();
  const give = { actor: { kind: "component", name: "netboot" } as const, address: "192.0.2.1" };
  const identity = { smbiosUuid: machine.smbiosUuid, macs: [] };
  expect(await bootTokenGive(fleet.database, { ...give, identity, tokenDigest: randomBytes(32) })).toBe(false);
  await fetchMedium(machine);
  expect(await enroll(machine, { smbiosUuid: randomUUID() })).toMatchObject({ status: "awaiting" });
  expect(await enroll(machine)).toMatchObject({ status: "accepted", newly: true });
});

test.each([
  ["/media//agent.iso"],
  ["/media/AAAA/agent.iso"],
  [`/media/${"A".repeat(42)}B/agent.iso`],
  [`/media/${"A".repeat(43)}/vmlinuz`],
  [`/media/${"A".repeat(43)}/agent.iso/more`],
])("%s is no medium", async (path) => {
  expect((await fetchMedium({ secret: mediumSecret() }, { path })).status).toBe(404);
});

test("a path with more than one kind of address, and an interface's zone, is compared as addresses", async () => {
  const machine = await known(["127.0.0.2", "fe80::1"]);
  expect((await fetchMedium(machine)).status).toBe(200);
});

/** Does this while the medium's file is not as it was built. */
async function withoutMedium<Value>(action: () => Promise<Value>): Promise<Value> {
  const file = join(directory, "x86_64", "medium.json");
  const text = await readFile(file, "utf8");
  await writeFile(file, JSON.stringify({ bytes: built.length + 1, area }));
  try {
    return await action();
  } finally {
    await writeFile(file, text);
  }
}

test("a medium that is not built, or was cut off, is not served", async () => {
  const machine = await known();
  const { status, body } = await withoutMedium(() => fetchMedium(machine));
  expect([status, body.toString()]).toEqual([
    404,
    "no boot medium is built: farrier boot-image build --iso makes one\n",
  ]);
});

test("neither a path nor a token is ever logged", async () => {
  const machine = await known();
  await fetchMedium(machine);
  await fetchMedium(machine, { from: "127.0.0.3" });
  const lines = JSON.stringify(recording.lines);
  expect(lines).not.toContain(machine.secret.text);
  expect(lines).not.toContain(machine.secret.token);
});
