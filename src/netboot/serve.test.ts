import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { create, toBinary } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command, operator, silent, testFleet, type Fleet, type TestMachine } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { recordingLog } from "../../test/support/recording-log.ts";
import { connect } from "../database/connect.ts";
import { bootWindowOpen, bootWindowState } from "../database/queries/boot/boot-window.ts";
import { netbootProgress } from "../database/queries/boot/netboot-note.ts";
import { machineIdentitySet } from "../database/machine-identity.ts";
import { machineQuarantine } from "../database/queries/machine/machine-quarantine.ts";
import { transact } from "../database/transaction.ts";
import { systemClock } from "../lib/clock.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { netbootServe, type NetbootListener, type NetbootServeOptions } from "./serve.ts";

let fleet: Fleet;
let directory: string;
let netboot: NetbootListener;
const metrics = createMetrics();
const recording = recordingLog();
const kernel = randomBytes(3 << 20);

const options = (): NetbootServeOptions => ({
  address: { host: "127.0.0.1", port: 0 },
  database: fleet.database,
  bootImages: join(directory, "boot-image"),
  ipxeFiles: join(directory, "ipxe"),
  agents: { port: 8443 },
  caCertificate: Buffer.from("the CA"),
  kernelArguments: "console=ttyS0",
  metrics,
  log: recording.log,
  clock: systemClock,
});

beforeAll(async () => {
  fleet = await testFleet();
  directory = await mkdtemp(join(tmpdir(), "farrier-netboot-"));
  const image = join(directory, "boot-image", "x86_64");
  await mkdir(image, { recursive: true });
  await writeFile(join(image, "vmlinuz"), kernel);
  await writeFile(join(image, "initramfs"), "an initramfs");
  await mkdir(join(directory, "ipxe"));
  await writeFile(join(directory, "ipxe", "snponly.efi"), "an EFI program");
  netboot = await netbootServe(options());
});
afterAll(async () => {
  await netboot[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
  await fleet[Symbol.asyncDispose]();
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text: string;
}

/** By hand: fetch would tidy the path up, and does not let the Host header be set. */
function ask(
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string; port?: number; agent?: Agent } = {},
): Promise<Answer> {
  const { port = netboot.address.port, method = "GET", headers = {}, body, agent } = init;
  return new Promise((resolve, reject) => {
    const call = httpRequest({ host: "127.0.0.1", port, path, method, headers, agent }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const bytes = Buffer.concat(parts);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes, text: bytes.toString() });
      });
    });
    call.on("error", reject);
    call.end(body);
  });
}

interface Known extends TestMachine {
  uuid: string;
  mac: string;
}

async function known(): Promise<Known> {
  const machine = await fleet.add({ agent: false });
  const uuid = randomUUID();
  const mac = `52:54${randomBytes(4).toString("hex").replaceAll(/../gu, ":$&")}`;
  const identity = { smbiosUuid: uuid, macs: [mac] };
  await transact(fleet.database, null, (tx) => machineIdentitySet(tx, machine.machineId, identity));
  return { ...machine, uuid, mac };
}

const machinePath = (uuid: string, mac: string, more = "arch=x86_64&platform=efi"): string =>
  `/machine.ipxe?uuid=${uuid}&mac=${mac}&mac=&${more}`;
const configOf = (script: string): string => /\/config\/[\w-]+\.cpio/u.exec(script)?.[0] ?? "";

/** What the archive says to the agent. */
function bootConfig(archive: Buffer): Record<string, string> {
  const text = archive.toString("latin1");
  expect(text).toContain("etc/farrier/boot.json");
  return JSON.parse(/\{.*\}/u.exec(text)?.[0] ?? "") as Record<string, string>;
}

const install = (machine: Known) =>
  fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", machine.machineId);

test("the first script is the same for every machine, and names all that it can say of itself", async () => {
  const { status, text, headers } = await ask("/boot.ipxe");
  expect(status).toBe(200);
  expect(headers["cache-control"]).toBe("no-store");
  expect(text).toMatch(/^#!ipxe\n/u);
  expect(text).toContain("/machine.ipxe?uuid=${uuid}&mac=${net0/mac:hexhyp}&mac=${net1/mac:hexhyp}");
  // N5: the port that it boots by, which may be its ninth.
  expect(text).toContain("&mac=${net7/mac:hexhyp}&mac=${netX/mac:hexhyp}&serial=${serial:uristring}&arch=");
  expect(text).toContain("&arch=${buildarch}&platform=${platform} || goto failed");
});

describe("a machine is told what it is to do", () => {
  test("the agent while it is not installed or something is pending, its disk when not, and nothing in quarantine", async () => {
    const machine = await known();
    const script = async (more?: string) => (await ask(machinePath(machine.uuid, machine.mac, more))).text;
    expect(await script()).toContain("kernel --name vmlinuz /boot/x86_64/vmlinuz initrd=config.cpio initrd=initramfs");
    expect(await script()).toContain(" console=ttyS0 || goto");
    await install(machine);
    expect(await script()).toBe("#!ipxe\necho Farrier: installed, nothing pending: booting the disk\nexit 1\n");
    expect(await script("arch=i386&platform=pcbios")).toContain("sanboot --no-describe --drive 0x80 || exit 1");
    await fleet.request(machine);
    expect(await script()).toContain("/boot/x86_64/initramfs");
    await machineQuarantine(fleet.database, {
      ...command(machine, "machine_quarantine"),
      actor: operator,
      reason: "broken",
    });
    const held = await script();
    expect(held).toContain("this machine is held");
    expect(held).not.toMatch(/kernel|sanboot|broken/u);
  });

  test("N4: installed, iPXE ends with a failure, so that firmware goes on to its next boot entry", async () => {
    const machine = await known();
    await install(machine);
    const script = (await ask(machinePath(machine.uuid, machine.mac))).text;
    expect(script).toMatch(/^exit [1-9]\d*$/mu);
  });

  test("N5: a machine known by its ninth port alone is held when it boots by that port", async () => {
    const machine = await fleet.add({ agent: false });
    const mac = "52:54:00:99:99:99";
    await transact(fleet.database, null, (tx) => machineIdentitySet(tx, machine.machineId, { macs: [mac] }));
    await machineQuarantine(fleet.database, {
      ...command(machine, "machine_quarantine"),
      actor: operator,
      reason: "broken",
    });
    const numbered = Array.from({ length: 8 }, (_, index) => `&mac=52-54-00-99-99-0${index}`).join("");
    const path = `/machine.ipxe?uuid=${randomUUID()}${numbered}&mac=52-54-00-99-99-99&arch=x86_64&platform=efi`;
    expect((await ask(path)).text).toContain("this machine is held");
  });

  const otherMac = "52:54:00:77:77:77";
  const reported = (machine: Known, serialNumber: string) =>
    fleet.rows(
      `INSERT INTO machine_hardware_report (machine_id, report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw)
       VALUES ($1, 1, now(), decode(repeat('00', 32), 'hex'), $2)`,
      machine.machineId,
      Buffer.from(
        toBinary(AgentHardwareReportSchema, create(AgentHardwareReportSchema, { report: { serialNumber } as never })),
      ),
    );

  test("N7: installed, its disk also with another network interface, while what is left identifies it", async () => {
    const machine = await known();
    const script = async (serial: string) =>
      (await ask(machinePath(machine.uuid, otherMac, `serial=${serial}&arch=x86_64&platform=efi`))).text;
    expect(await script("SN1")).toContain("starting the agent");
    await install(machine);
    await reported(machine, "SN1");
    expect(await script("SN1")).toContain("booting the disk");
    expect(await script("SN2")).toContain("starting the agent");
    expect(await script("Default%20string")).toContain("starting the agent");
    // Its interface is another machine's: that one was put into this board, or the board into that machine.
    const other = await known();
    expect((await ask(machinePath(machine.uuid, other.mac, "serial=SN1&arch=x86_64&platform=efi"))).text).toContain(
      "starting the agent",
    );
    await fleet.request(machine);
    expect(await script("SN1")).toContain("starting the agent");
  });

  test("N7: installed, its disk also on another board with its serial number and one of its interfaces", async () => {
    const machine = await known();
    await install(machine);
    await reported(machine, "SN3");
    const script = async (serial: string, uuid: string = randomUUID()) =>
      (await ask(machinePath(uuid, machine.mac, `serial=${serial}&arch=x86_64&platform=efi`))).text;
    expect(await script("SN3")).toContain("booting the disk");
    expect(await script("SN4")).toContain("starting the agent");
    expect(await script("")).toContain("starting the agent");
    expect(await script("SN3", (await known()).uuid)).toContain("starting the agent");
  });

  test("X14: how far a machine's boots came is counted, and begins anew with its agent", async () => {
    const machine = await known();
    const script = (await ask(machinePath(machine.uuid, machine.mac))).text;
    const [initramfs = ""] = /\/boot\/x86_64\/initramfs\S*/u.exec(script) ?? [];
    expect(initramfs).toContain("?machine=");
    const progress = () => netbootProgress(fleet.database, machine.machineId);
    // Counted after the answers have left.
    await waitFor("the first count", async () => (await progress()) !== undefined);
    expect(await progress()).toMatchObject({ asked: 1, loaded: 0, configured: 0 });
    await ask(initramfs, { method: "HEAD" });
    await ask(initramfs, { headers: { range: "bytes=0-3" } });
    expect(await progress()).toMatchObject({ asked: 1, loaded: 0 });
    await ask(initramfs);
    await ask(configOf(script));
    await waitFor("the counts", async () => (await progress())?.configured === 1);
    await ask(initramfs);
    await waitFor("the second load", async () => (await progress())?.loaded === 2);
    await fleet.rows(
      "INSERT INTO machine_agent_started (machine_id, agent_public_key, agent_started_at) VALUES ($1, $2, now())",
      machine.machineId,
      randomBytes(32),
    );
    expect(await progress()).toBeUndefined();
    // What nobody is known by is not counted.
    expect((await ask("/boot/x86_64/initramfs?machine=nonsense")).status).toBe(200);
  });

  test("whatever the letter case and the separators", async () => {
    const machine = await known();
    await install(machine);
    const mac = machine.mac.replaceAll(":", "-");
    for (const path of [
      machinePath(machine.uuid.toUpperCase(), mac.toUpperCase()),
      machinePath("", mac),
      machinePath(machine.uuid, ""),
      machinePath("00000000-0000-0000-0000-000000000000", machine.mac, "arch=X86_64&platform=EFI"),
      machinePath(machine.uuid, mac).replace("/machine.ipxe", "/MACHINE.IPXE"),
    ]) {
      expect((await ask(path)).text).toContain("booting the disk");
    }
  });

  test("an unknown machine starts the agent, which waits for approval; so does a machine that could be two", async () => {
    const [one, two] = [await known(), await known()];
    await install(one);
    await install(two);
    await transact(fleet.database, null, (tx) => machineIdentitySet(tx, two.machineId, { smbiosUuid: null }));
    for (const path of [
      machinePath(randomUUID(), "52-54-00-00-00-99"),
      machinePath("", ""),
      "/machine.ipxe?arch=i386",
    ]) {
      expect((await ask(path)).text).toContain("/boot/x86_64/vmlinuz");
    }
    const both = `/machine.ipxe?uuid=&mac=${one.mac}&mac=${two.mac}&arch=x86_64`;
    expect((await ask(both)).text).toContain("/boot/x86_64/vmlinuz");
  });

  test("where there is no boot image, what to do about it; once it is built it is served", async () => {
    const path = machinePath(randomUUID(), "52-54-00-00-00-98", "arch=arm64&platform=efi");
    expect((await ask(path)).text).toContain(
      'no boot image for arm64 is here yet: build one with "farrier boot-image build"',
    );
    expect((await ask("/boot/arm64/vmlinuz")).status).toBe(404);
    expect((await ask(machinePath(randomUUID(), "", "arch=riscv64"))).text).toContain(
      "no boot images for ${buildarch}",
    );
    const image = join(directory, "boot-image", "arm64");
    await mkdir(image);
    await writeFile(join(image, "vmlinuz"), "");
    await writeFile(join(image, "initramfs"), "");
    expect((await ask(path)).text).toContain("/boot/arm64/vmlinuz");
    await rm(image, { recursive: true });
  });
});

describe("a boot configuration", () => {
  test("has a token once, while the machine's window is open", async () => {
    const machine = await known();
    const path = configOf((await ask(machinePath(machine.uuid, machine.mac))).text);
    const config = async () => bootConfig((await ask(path, { headers: { host: "10.0.2.2:8081" } })).body);
    const bare = {
      endpoint: "10.0.2.2:8443",
      netboot: "http://10.0.2.2:8081",
      caCertificate: Buffer.from("the CA").toString("base64"),
    };
    expect(await config()).toEqual(bare);
    const { windowId } = await bootWindowOpen(fleet.database, machine.machineId, { actor: operator, seconds: 60 });
    expect((await ask(path, { method: "HEAD" })).body).toHaveLength(0);
    const { token, ...rest } = await config();
    expect(rest).toEqual(bare);
    expect(Buffer.from(token ?? "", "base64url")).toHaveLength(32);
    expect(await bootWindowState(fleet.database, windowId)).toBe("given");
    const [row] = await fleet.rows<{ token_digest: Buffer }>(
      "SELECT token_digest FROM machine_boot_window WHERE window_id = $1",
      windowId,
    );
    expect(row?.token_digest).toEqual(
      createHash("sha256")
        .update(token ?? "")
        .digest(),
    );
    expect(await config()).toEqual(bare);
    expect(JSON.stringify(recording.lines)).not.toContain(token);
  });

  test("of many at once one has a token", async () => {
    const machine = await known();
    const path = configOf((await ask(machinePath(machine.uuid, machine.mac))).text);
    await bootWindowOpen(fleet.database, machine.machineId, { actor: operator, seconds: 60 });
    const body = JSON.stringify({ uuid: machine.uuid, mac: [machine.mac] });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        index % 2 === 0 ? ask(path) : ask("/enrollment-token", { method: "POST", body }),
      ),
    );
    expect(answers.filter(({ text }) => text.includes('"token":'))).toHaveLength(1);
  });

  test("is there for machines that nobody knows, and looks the same", async () => {
    const machine = await known();
    const stranger = configOf((await ask(machinePath(randomUUID(), "52-54-00-00-00-97"))).text);
    const path = configOf((await ask(machinePath(machine.uuid, machine.mac))).text);
    expect((await ask(stranger)).body).toEqual((await ask(path)).body);
    expect((await ask(configOf((await ask("/machine.ipxe?arch=x86_64")).text))).status).toBe(200);
  });

  test.for([
    "/config/.cpio",
    "/config/nonsense.cpio",
    `/config/${Buffer.from("x".repeat(100)).toString("base64url")}.cpio`,
    `/config/${"a".repeat(3000)}.cpio`,
    "/config/../boot.ipxe",
  ])("by the name %s is not there", async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  test("needs a Host header that names a host", async () => {
    const path = configOf((await ask(machinePath(randomUUID(), ""))).text);
    for (const host of ["a b", "[::1", "host:99999", "<x>"]) {
      expect([host, (await ask(path, { headers: { host } })).status]).toEqual([host, 400]);
    }
    expect(bootConfig((await ask(path, { headers: { host: "[fd00::1]:81" } })).body)).toMatchObject({
      endpoint: "[fd00::1]:8443",
      netboot: "http://[fd00::1]:81",
    });
  });
});

describe("an agent without a token asks for one", () => {
  test("until its window is open, and gets it once", async () => {
    const machine = await known();
    const body = JSON.stringify({ uuid: machine.uuid.toUpperCase(), mac: [machine.mac.replaceAll(":", "-")] });
    const post = () => ask("/enrollment-token", { method: "POST", body });
    expect(await post()).toMatchObject({ status: 404, text: "no token: ask again later\n" });
    await bootWindowOpen(fleet.database, machine.machineId, { actor: operator, seconds: 60 });
    const { status, text } = await post();
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({ token: expect.stringMatching(/^[\w-]{43}$/u) as string });
    expect((await post()).status).toBe(404);
  });

  test.for(["", "nonsense", "[]", '{"uuid":1}', '{"mac":["x",2]}', JSON.stringify({ uuid: "x".repeat(5000) })])(
    "with a body that is none: %s",
    async (body) => {
      expect((await ask("/enrollment-token", { method: "POST", body })).status).toBe(400);
    },
  );
});

describe("files", () => {
  const path = "/boot/x86_64/vmlinuz";

  test("come whole, in parts, and not at all where the caller has them", async () => {
    const whole = await ask(path);
    expect(whole).toMatchObject({
      status: 200,
      headers: { "accept-ranges": "bytes", "content-length": String(3 << 20) },
    });
    expect(whole.body.equals(kernel)).toBe(true);
    const part = await ask(path, { headers: { range: "bytes=1000000-1000009" } });
    expect(part).toMatchObject({ status: 206, headers: { "content-range": `bytes 1000000-1000009/${3 << 20}` } });
    expect(part.body.equals(kernel.subarray(1_000_000, 1_000_010))).toBe(true);
    const { etag = "" } = whole.headers;
    expect(await ask(path, { headers: { "if-none-match": `"x", W/${etag}` } })).toMatchObject({
      status: 304,
      text: "",
    });
    expect(await ask(path, { headers: { range: `bytes=${3 << 20}-` } })).toMatchObject({
      status: 416,
      headers: { "content-range": `bytes */${3 << 20}` },
    });
    const head = await ask(path, { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, text: "", headers: { "content-length": String(3 << 20), etag } });
  });

  test("N9: HEAD tells of the whole, whatever part is named with it", async () => {
    const head = await ask(path, { method: "HEAD", headers: { range: "bytes=0-9" } });
    expect(head).toMatchObject({ status: 200, text: "", headers: { "content-length": String(3 << 20) } });
    expect(head.headers["content-range"]).toBeUndefined();
    const beyond = await ask(path, { method: "HEAD", headers: { range: `bytes=${3 << 20}-` } });
    expect(beyond).toMatchObject({ status: 200, headers: { "content-length": String(3 << 20) } });
  });

  test("are not mixed when another image takes their place", async () => {
    const file = join(directory, "boot-image", "x86_64", "initramfs");
    const { etag = "" } = (await ask("/boot/x86_64/initramfs")).headers;
    const range = { range: "bytes=3-11", "if-range": etag };
    expect(await ask("/boot/x86_64/initramfs", { headers: range })).toMatchObject({ status: 206, text: "initramfs" });
    await writeFile(`${file}.new`, "another one");
    await rename(`${file}.new`, file);
    expect(await ask("/boot/x86_64/initramfs", { headers: range })).toMatchObject({ status: 200, text: "another one" });
  });

  test("of iPXE itself, where its package is", async () => {
    expect((await ask("/ipxe/x86_64/snponly.efi")).text).toBe("an EFI program");
    expect((await ask("/ipxe/arm64/snponly.efi")).text).toContain("Debian's package ipxe");
    expect((await ask("/ipxe/x86_64/autoexec.ipxe")).text).toBe((await ask("/boot.ipxe")).text);
  });

  test.for([
    "/",
    "/boot",
    "/boot/x86_64/",
    "/boot/x86_64/manifest.json",
    "/boot/x86_64/../../../../etc/passwd",
    "/boot/x86_64/..%2f..%2fetc%2fpasswd",
    "/boot/%7886_64/vmlinuz",
    "/boot/..//vmlinuz",
    "/ipxe/x86_64/../../etc/passwd",
    "/ipxe/x86_64/constructor",
    "/ipxe/constructor/ipxe.efi",
    "/ipxe/x86_64/ipxe.efi\\..\\x",
    `/boot.ipxe?${"x".repeat(5000)}`,
  ])("there is nothing at %s", async (target) => {
    expect((await ask(target)).status).toBe(404);
  });
});

test("methods that change something are refused where nothing is to be changed", async () => {
  expect(await ask("/boot.ipxe", { method: "DELETE" })).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
  expect(await ask("/enrollment-token")).toMatchObject({ status: 405, headers: { allow: "POST" } });
});

test("what is no HTTP is refused, and headers without an end are", async () => {
  const { port } = netboot.address;
  const answerTo = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = createConnection({ host: "127.0.0.1", port }, () => socket.write(text));
      let got = "";
      socket.on("data", (part: Buffer) => (got += part.toString()));
      socket.on("error", reject);
      socket.on("close", () => resolve(got));
    });
  expect(await answerTo("nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /u);
  expect(await answerTo(`GET /boot.ipxe HTTP/1.1\r\nx: ${"x".repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /u);
});

test("requests are counted by what they were for and what came of them", async () => {
  await ask("/nothing");
  const { values } = await metrics.netbootRequests.get();
  const counted = values.map(({ labels }) => `${labels.resource} ${labels.outcome}`);
  for (const one of ["boot 200", "machine agent", "machine disk", "machine hold", "machine unknown", "image 206"]) {
    expect(counted).toContain(one);
  }
  expect(counted).toContain("config token");
  expect(counted).toContain("none 404");
  // For a process that has no operator port; to callers on this host alone.
  expect((await ask("/metrics")).text).toContain('farrier_netboot_requests_total{resource="machine",outcome="disk"}');
});

test("A14: network boot's metrics are for no page of a browser on this host", async () => {
  const foreign = [
    { host: "evil.example:8081" },
    { origin: "http://evil.example" },
    { "sec-fetch-site": "cross-site" },
  ];
  const answers = await Promise.all(foreign.map((headers) => ask("/metrics", { headers })));
  expect(answers.map(({ status }) => status)).toEqual([421, 403, 403]);
  expect((await ask("/metrics", { headers: { host: "localhost:9" } })).status).toBe(200);
});

test("A6: connections that are only held open keep no machine from booting", async () => {
  await using another = await netbootServe({ ...options(), log: silent });
  const { port } = another.address;
  using held = new DisposableStack();
  const sockets = Array.from({ length: 1_100 }, () =>
    held.adopt(
      createConnection({ host: "127.0.0.1", port })
        .on("error", () => undefined)
        .resume(),
      (one) => one.destroy(),
    ),
  );
  await waitFor(
    "more than one address's share are closed",
    () => sockets.filter(({ closed }) => !closed).length <= 512,
    {
      timeoutMs: 60_000,
    },
  );
  expect((await ask("/boot.ipxe", { port })).status).toBe(200);
});

test("an address that calls too often is told to wait, and a taken address is reported", async () => {
  await using another = await netbootServe({ ...options(), log: silent });
  const { port } = another.address;
  using calls = new DisposableStack();
  const agent = calls.adopt(new Agent({ keepAlive: true, maxSockets: 32 }), (used) => used.destroy());
  const answers = await Promise.all(Array.from({ length: 1_200 }, () => ask("/healthz", { port, agent })));
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(400);
  expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
  await expect(netbootServe({ ...options(), address: { host: "127.0.0.1", port } })).rejects.toThrow(
    `network boot can't be served on 127.0.0.1:${port}: another program listens there`,
  );
});

test("with the database away a machine is told to ask again, and files still come", async () => {
  await using away = connect({ host: "127.0.0.1", port: 1, user: "nobody", database: "none" }, { log: silent });
  await using another = await netbootServe({ ...options(), database: away, log: silent });
  const { port } = another.address;
  expect((await ask(machinePath(randomUUID(), ""), { port })).status).toBe(503);
  expect((await ask("/enrollment-token", { port, method: "POST", body: "{}" })).status).toBe(503);
  expect((await ask("/boot.ipxe", { port })).status).toBe(200);
  expect((await ask("/boot/x86_64/vmlinuz", { port })).body.equals(kernel)).toBe(true);
});
