import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, type TestContext } from "vitest";
import type { DhcpAsk, DhcpTold } from "../../../test/support/dhcp-child.ts";
import { recordingLog } from "../../../test/support/recording-log.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { systemClock } from "../../lib/clock.ts";
import { errorCode } from "../../lib/errors.ts";
import { dnsmasqConfig } from "./config.ts";
import { dhcpRange } from "./options.ts";
import { bootPrograms } from "./programs.ts";
import { dnsmasqRun, type DnsmasqOptions } from "./run.ts";

const run = promisify(execFile);
const client = fileURLToPath(new URL("../../../test/support/dhcp-child.ts", import.meta.url));

let folder: string;
let ipxeFiles: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-dnsmasq-"));
  // Where dnsmasq's own user can read it.
  await chmod(folder, 0o755);
  ipxeFiles = join(folder, "ipxe");
  await mkdir(ipxeFiles);
  for (const file of ["undionly.kpxe", "snponly.efi", "snponly-arm64.efi"]) {
    await writeFile(join(ipxeFiles, file), file);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const range = { interface: "fnb0", mode: dhcpRange("10.213.7.100,10.213.7.110") };
const proxy = { interface: "fnb0", mode: { kind: "proxy" } } as const;

async function dnsmasqMissing(): Promise<string | undefined> {
  try {
    await run("dnsmasq", ["--version"]);
    return undefined;
  } catch (error) {
    return errorCode(error) === "ENOENT" ? "dnsmasq is not there (Debian's package dnsmasq-base)" : undefined;
  }
}

describe.each([
  ["a range", range],
  ["a range with a router and a name server", { ...range, router: "10.213.7.254", dns: "10.213.7.253" }],
  ["a proxy", proxy],
] as const)("the configuration of %s", (_name, dhcp) => {
  test.for([true, false])("is what dnsmasq takes, with iPXE's programs there: %s", async (there, context) => {
    const missing = await dnsmasqMissing();
    context.skip(missing !== undefined, missing);
    const url = "http://10.213.7.1:8081";
    const config = join(folder, "try.conf");
    const text = dnsmasqConfig({
      dhcp,
      own: { address: "10.213.7.1", netmask: "255.255.255.0" },
      url,
      tftpRoot: ipxeFiles,
      programs: bootPrograms(url, () => there),
      leaseFile: join(folder, "leases"),
      pidFile: join(folder, "pid"),
    });
    await writeFile(config, text);
    await expect(run("dnsmasq", ["--test", `--conf-file=${config}`])).resolves.toMatchObject({
      stderr: expect.stringContaining("syntax check OK") as string,
    });
    expect(text).toContain("http://10.213.7.1:8081/boot.ipxe");
    expect(text.includes("undionly.kpxe")).toBe(there);
  });
});

/** Two interfaces that are joined, the other end in a namespace of its own. */
async function network(context: TestContext): Promise<AsyncDisposable> {
  const missing = await dnsmasqMissing();
  context.skip(missing !== undefined, missing);
  const ip = (line: string) => run("ip", line.split(" "));
  const down = async (): Promise<void> => {
    // Either may be missing: it goes with the other.
    await ip("link del fnb0").catch(() => undefined);
    await ip("netns del fnb").catch(() => undefined);
  };
  await down();
  try {
    await ip("netns add fnb");
    await ip("link add fnb0 type veth peer name fnb1");
  } catch (error) {
    await down();
    context.skip(
      true,
      `no network namespace can be made (${(error as Error).message.split("\n", 2)[1] ?? ""}): not root?`,
    );
  }
  await ip("link set fnb1 netns fnb");
  await ip("addr add 10.213.7.1/24 dev fnb0");
  await ip("link set fnb0 up");
  await ip("-n fnb addr add 10.213.7.200/24 dev fnb1");
  await ip("-n fnb link set fnb1 up");
  await ip("-n fnb route add 255.255.255.255 dev fnb1");
  // The kernel says a moment later that there is a link.
  await waitFor(
    "the link of fnb0",
    async () => (await readFile("/sys/class/net/fnb0/operstate", "utf8")).trim() === "up",
  );
  return { [Symbol.asyncDispose]: down };
}

async function ask(what: DhcpAsk): Promise<DhcpTold> {
  const args = ["netns", "exec", "fnb", process.execPath, client, JSON.stringify(what)];
  const { stdout } = await run("ip", args);
  return JSON.parse(stdout) as DhcpTold;
}

const options = (dhcp: DnsmasqOptions["dhcp"], log = recordingLog()): DnsmasqOptions => ({
  dhcp,
  httpPort: 8081,
  ipxeFiles,
  directory: join(folder, "run"),
  log: log.log,
  clock: systemClock,
});

const pxe = (architecture: number): DhcpAsk => ({
  architecture,
  vendorClass: `PXEClient:Arch:${String(architecture).padStart(5, "0")}:UNDI:003016`,
});
const ipxe = (architecture: number): DhcpAsk => ({ ...pxe(architecture), userClass: "iPXE", more: { 175: "b10501" } });
const http = (architecture: number): DhcpAsk => ({
  architecture,
  vendorClass: `HTTPClient:Arch:${String(architecture).padStart(5, "0")}:UNDI:003016`,
});

describe("real dnsmasq, on a network of its own", () => {
  test("gives addresses, and each kind of firmware what it can start", async (context) => {
    await using _network = await network(context);
    await using _dnsmasq = await dnsmasqRun(options(range));
    const bios = await ask(pxe(0));
    expect(bios).toMatchObject({ file: "undionly.kpxe", siaddr: "10.213.7.1", router: "" });
    expect(bios.yiaddr).toMatch(/^10\.213\.7\.1(?:0\d|10)$/u);
    expect(await ask(pxe(7))).toMatchObject({ file: "snponly.efi", siaddr: "10.213.7.1" });
    expect(await ask(pxe(9))).toMatchObject({ file: "snponly.efi" });
    expect(await ask(pxe(11))).toMatchObject({ file: "snponly-arm64.efi" });
    expect(await ask(http(16))).toMatchObject({
      file: "http://10.213.7.1:8081/ipxe/x86_64/snponly.efi",
      vendorClass: "HTTPClient",
    });
    expect(await ask(http(19))).toMatchObject({
      file: "http://10.213.7.1:8081/ipxe/arm64/snponly.efi",
      vendorClass: "HTTPClient",
    });
    for (const architecture of [0, 7, 11, 16]) {
      expect(await ask(ipxe(architecture))).toMatchObject({ file: "http://10.213.7.1:8081/boot.ipxe" });
    }
    const { stdout } = await run("ip", ["netns", "exec", "fnb", "curl", "-s", "tftp://10.213.7.1/snponly.efi"]);
    expect(stdout).toBe("snponly.efi");
  });

  test("as a proxy gives no address, and says what to start beside the server that does", async (context) => {
    await using _network = await network(context);
    await using _dnsmasq = await dnsmasqRun(options(proxy));
    const address = "10.213.7.200";
    expect(await ask({ ...pxe(0), address })).toMatchObject({ file: "undionly.kpxe", siaddr: "10.213.7.1" });
    expect(await ask({ ...pxe(7), address })).toMatchObject({ file: "snponly.efi", yiaddr: "0.0.0.0" });
    expect(await ask({ ...pxe(11), address })).toMatchObject({ file: "snponly-arm64.efi" });
    expect(await ask(ipxe(0))).toMatchObject({ file: "http://10.213.7.1:8081/boot.ipxe", yiaddr: "0.0.0.0" });
    expect(await ask(ipxe(7))).toMatchObject({ file: "http://10.213.7.1:8081/boot.ipxe", yiaddr: "0.0.0.0" });
  });

  const alone = (architecture: number, kind = "PXEClient"): DhcpAsk => ({
    vendorClass: `${kind}:Arch:${String(architecture).padStart(5, "0")}:UNDI:003016`,
  });
  const raspberries: [string, DhcpAsk][] = [
    ["a fourth model's UUID", { ...pxe(0), guid: "005250693431316463a70000000000abcd" }],
    ["an older model's UUID", { ...pxe(0), guid: "0044444444444444444444444444444444" }],
    ["a maker's address", { ...pxe(0), mac: "dca632000001" }],
    ["option 60 alone", { ...alone(0), mac: "b827eb000001" }],
  ];

  test("N10: reads the architecture from option 60 where that is all there is, and has nothing for a Raspberry Pi's ROM", async (context) => {
    await using _network = await network(context);
    await using _dnsmasq = await dnsmasqRun(options(range));
    expect(await ask(alone(0))).toMatchObject({ file: "undionly.kpxe", siaddr: "10.213.7.1" });
    expect(await ask(alone(7))).toMatchObject({ file: "snponly.efi", siaddr: "10.213.7.1" });
    expect(await ask(alone(11))).toMatchObject({ file: "snponly-arm64.efi" });
    expect(await ask(alone(16, "HTTPClient"))).toMatchObject({
      file: "http://10.213.7.1:8081/ipxe/x86_64/snponly.efi",
      vendorClass: "HTTPClient",
    });
    // What both options say is read from option 93.
    expect(await ask({ ...alone(0), architecture: 7 })).toMatchObject({ file: "snponly.efi" });
    expect(await ask(alone(6))).toMatchObject({ file: "" });
    for (const [, raspberry] of raspberries) {
      const told = await ask(raspberry);
      expect(told).toMatchObject({ file: "" });
      expect(told.yiaddr).toMatch(/^10\.213\.7\.1/u);
    }
    // The same board with UEFI in place of its ROM.
    expect(await ask({ ...pxe(11), mac: "dca632000001" })).toMatchObject({ file: "snponly-arm64.efi" });
  });

  test("N10: as a proxy is silent where there is nothing to start", async (context) => {
    await using _network = await network(context);
    await using _dnsmasq = await dnsmasqRun(options(proxy));
    const address = "10.213.7.200";
    const unsupported: DhcpAsk[] = [
      pxe(6),
      pxe(27),
      alone(2),
      http(16),
      ...raspberries.map(([, raspberry]) => raspberry),
    ];
    for (const [index, one] of unsupported.entries()) {
      expect([index, await ask({ ...one, address, unanswered: true })]).toEqual([index, { silent: true }]);
    }
    expect(await ask({ ...pxe(11), mac: "dca632000001", address })).toMatchObject({ file: "snponly-arm64.efi" });
  });

  test("is started again when it ends, replaces a dnsmasq that was left behind, and ends with us", async (context) => {
    await using _network = await network(context);
    const log = recordingLog();
    const first = await dnsmasqRun(options(range, log));
    const pidOf = async () => Number(await readFile(join(folder, "run", "dnsmasq.pid"), "utf8"));
    const before = await pidOf();
    process.kill(before, "SIGKILL");
    const again = await waitFor("another dnsmasq", async () => {
      const pid = await pidOf();
      return pid !== before && pid;
    });
    expect(log.count("dnsmasq has ended; starting it again")).toBe(1);
    await using _second = await dnsmasqRun(options(range));
    expect(await pidOf()).not.toBe(again);
    await first[Symbol.asyncDispose]();
  });
});

test("a program that is not there is said, with the package to install", async (context) => {
  await using _network = await network(context);
  await expect(dnsmasqRun({ ...options(range), program: "/nowhere/dnsmasq" })).rejects.toThrow(
    "/nowhere/dnsmasq is missing, and --dhcp-interface needs it: apt-get install dnsmasq-base",
  );
});

test("if dnsmasq does not start, its own words are printed", async (context) => {
  await using _network = await network(context);
  const program = join(folder, "dnsmasq");
  await writeFile(program, '#!/bin/sh\n[ "$1" = --test ] && exit 0\necho "no such luck" >&2\nexit 2\n', {
    mode: 0o755,
  });
  await expect(dnsmasqRun({ ...options(range), program })).rejects.toThrow(
    "dnsmasq ended with exit status 2: no such luck. DHCP needs root",
  );
});

test("an interface that is not there is said", async () => {
  await expect(dnsmasqRun(options({ ...range, interface: "nonesuch" }))).rejects.toThrow(
    "the interface nonesuch does not exist, has no link, or has no IPv4 address",
  );
});
