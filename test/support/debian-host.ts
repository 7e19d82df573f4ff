import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { createZstdDecompress } from "node:zlib";
import { acceleratorArguments } from "../../src/lab/accelerator.ts";
import { plain } from "../../src/lab/console.ts";
import { farrierStart } from "./farrier-process.ts";
import { freePort } from "./free-port.ts";
import { must } from "./lab.ts";
import { programMissing } from "./program-missing.ts";
import { root } from "./repository.ts";
import { sshKeyPair } from "./ssh-host.ts";
import { waitFor } from "./wait.ts";

const run = promisify(execFile);
/** Milliseconds after which the image is built anew: its packages are old. */
const imageAge = 7 * 24 * 3600 * 1000;

/** Why there can't be such a host here; undefined = there can. */
export async function debianHostMissing(): Promise<string | undefined> {
  for (const [program, debianPackage] of [
    ["mmdebstrap", "mmdebstrap"],
    ["mkfs.vfat", "dosfstools"],
    ["mcopy", "mtools"],
    ["qemu-img", "qemu-utils"],
    ["ssh", "openssh-client"],
  ] as const) {
    const missing = await programMissing(program, debianPackage);
    if (missing !== undefined) {
      return missing;
    }
  }
  return undefined;
}

/** A Debian that runs in QEMU with OpenSSH's sshd, one static address and no DHCP, as a rented host is. */
export interface DebianHost extends AsyncDisposable {
  port: number;
  /** `TYPE BASE64` */
  hostKey: string;
  /** The private key that root's account takes. */
  clientKey: string;
  mac: string;
  console(): Promise<string>;
  /** Waits until it answers by SSH. */
  answers(): Promise<void>;
  /** Runs a command on it as root. @throws if it fails */
  command(text: string): Promise<string>;
  /** Whether its disk, or what the machine has written over it, holds this text. */
  diskHolds(text: string): Promise<boolean>;
  /** DHCP messages of the machine so far, counted in all packets that it has sent. */
  dhcpPackets(): Promise<number>;
}

/**
 * Starts one, from an image that `farrier image build debian` makes.
 * @param image its raw file, which stays as it is; absent = an image of this checkout, built once
 */
export async function debianHost(image?: string): Promise<DebianHost> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "farrier-debian-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const file = (name: string): string => join(folder, name);
  const [client, host] = [sshKeyPair(), sshKeyPair()];
  await run("qemu-img", [
    "create",
    "-q",
    "-f",
    "qcow2",
    "-F",
    "raw",
    "-b",
    image ?? (await debianImage()),
    file("disk.qcow2"),
    "4G",
  ]);
  const mac = "52:54:00:fa:44:01";
  await seed(file, { client: client.publicKey, host, mac });
  const port = await freePort();
  const child = spawn(
    "qemu-system-x86_64",
    [
      ...["-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35,graphics=off"],
      ...acceleratorArguments("tcg"),
      ...["-smp", "2", "-m", "1536M", "-serial", `file:${file("console")}`],
      ...["-drive", `file=${file("disk.qcow2")},if=virtio,format=qcow2,cache=unsafe`],
      ...["-drive", `file=${file("seed")},if=virtio,format=raw,readonly=on`],
      ...["-netdev", `user,id=n0,ipv6=off,hostfwd=tcp:127.0.0.1:${port}-10.0.2.15:22`],
      ...["-device", `virtio-net-pci,netdev=n0,mac=${mac},romfile=`],
      ...["-object", `filter-dump,id=dump,netdev=n0,file=${file("packets")},maxlen=400`],
      ...["-device", "virtio-rng-pci"],
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const ended = new Promise((resolve) => child.once("close", resolve));
  stack.defer(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  await writeFile(file("key"), client.privateKey, { mode: 0o600 });
  await writeFile(file("known_hosts"), `[127.0.0.1]:${port} ${host.publicKey}\n`);
  const command = async (text: string): Promise<string> => {
    const options = {
      UserKnownHostsFile: file("known_hosts"),
      IdentityFile: file("key"),
      IdentitiesOnly: "yes",
      BatchMode: "yes",
      ConnectTimeout: "20",
      // A host that starts anew answers no connection of before.
      ServerAliveInterval: "30",
      ServerAliveCountMax: "4",
    };
    const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    const args = ["-F", "none", ...flags, "-p", String(port), "root@127.0.0.1", text];
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await run("ssh", args, { timeout: 900_000 })).stdout;
      } catch (error) {
        // A host that is short of memory may reset a connection before it has said a word: nothing was run then.
        if (attempt === 10 || !String(error).includes("kex_exchange_identification")) {
          throw error;
        }
        await sleep(2_000);
      }
    }
  };
  const consoleText = async (): Promise<string> => plain(await readFile(file("console"), "utf8").catch(() => ""));
  const release = stack.move();
  return {
    port,
    hostKey: host.publicKey,
    clientKey: client.privateKey,
    mac,
    console: consoleText,
    command,
    answers: async () => {
      await waitFor(
        "the Debian to answer by SSH",
        async () =>
          (await command("true").then(
            () => true,
            () => false,
          )) || Promise.reject(new Error((await consoleText()).slice(-1500))),
        { timeoutMs: 1_200_000, intervalMs: 2_000 },
      );
    },
    diskHolds: (text) => fileHolds(file("disk.qcow2"), text),
    dhcpPackets: async () => dhcpIn(await readFile(file("packets"))),
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  };
}

/** The file of a raw image that `farrier image build debian` made, once for this checkout. */
export async function debianImage(): Promise<string> {
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "farrier");
  const name = join(cache, `test-debian-${createHash("sha256").update(root).digest("hex").slice(0, 12)}.raw`);
  const built = await stat(name).catch(() => undefined);
  if (built === undefined || Date.now() - built.mtimeMs > imageAge) {
    await mkdir(cache, { recursive: true });
    await must(farrierStart(["image", "build", "debian", "--out", `${name}.zst`]).ended);
    await pipeline(createReadStream(`${name}.zst`), createZstdDecompress(), createWriteStream(`${name}.new`));
    await rm(`${name}.zst`);
    await run("mv", [`${name}.new`, name]);
  }
  return name;
}

/** cloud-init's seed: the two keys, and an address without DHCP. */
async function seed(
  file: (name: string) => string,
  { client, host, mac }: { client: string; host: { privateKey: string; publicKey: string }; mac: string },
): Promise<void> {
  const indented = (text: string): string => text.trimEnd().replaceAll("\n", "\n    ");
  const texts = {
    "meta-data": "instance-id: rented\nlocal-hostname: rented\n",
    "user-data": `#cloud-config
disable_root: false
ssh_keys:
  ed25519_private: |
    ${indented(host.privateKey)}
  ed25519_public: ${host.publicKey}
write_files:
  - path: /root/.ssh/authorized_keys
    permissions: "0600"
    content: |
      ${client}
`,
    "network-config": `version: 2
ethernets:
  lan:
    match: { macaddress: "${mac}" }
    addresses: [10.0.2.15/24]
    gateway4: 10.0.2.2
    nameservers: { addresses: [10.0.2.3] }
`,
  };
  await run("mkfs.vfat", ["-C", "-n", "CIDATA", file("seed"), "2048"]);
  for (const [name, text] of Object.entries(texts)) {
    await writeFile(file(name), text);
    await run("mcopy", ["-i", file("seed"), file(name), `::${name}`]);
  }
}

async function fileHolds(path: string, text: string): Promise<boolean> {
  let before = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 4 << 20 })) {
    const bytes = Buffer.concat([before, chunk as Buffer]);
    if (bytes.includes(text)) {
      return true;
    }
    before = bytes.subarray(-text.length);
  }
  return false;
}

/** Counts DHCP (UDP from or to ports 67 and 68 over IPv4) in a file of libpcap's format, with Ethernet frames. */
function dhcpIn(capture: Buffer): number {
  let count = 0;
  let at = 24;
  while (at + 16 <= capture.length) {
    const length = capture.readUInt32LE(at + 8);
    const frame = capture.subarray(at + 16, at + 16 + length);
    at += 16 + length;
    if (frame.length < 42 || frame.readUInt16BE(12) !== 0x0800 || frame[23] !== 17) {
      continue;
    }
    const udp = 14 + ((frame[14] ?? 0) & 0xf) * 4;
    const ports = [frame.readUInt16BE(udp), frame.readUInt16BE(udp + 2)];
    count += ports.some((port) => port === 67 || port === 68) ? 1 : 0;
  }
  return count;
}
