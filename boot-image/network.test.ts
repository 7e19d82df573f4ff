import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitFor } from "../test/support/wait.ts";

// The image's scripts, run by this host's shell, with files as interfaces, and with an `ip` and a `udhcpc` that record
// their arguments. The client makes the second script set the address in a file, once that file exists.
const script = fileURLToPath(new URL("files/network.sh", import.meta.url));
const address = fileURLToPath(new URL("files/address.sh", import.meta.url));

let folder: string;
let output: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-network-"));
  output = "";
  await mkdir(join(folder, "bin"));
  await mkdir(join(folder, "run"));
  await writeFile(join(folder, "uptime"), "12.34 10.00\n");
  await writeFile(join(folder, "calls"), "");
  await program("ip", `echo "ip $*" >> ${folder}/calls`);
  await program(
    "udhcpc",
    `name=$3
     echo "udhcpc $name" >> ${folder}/calls
     interface=$name sh ${address} deconfig
     while [ ! -e ${folder}/lease-$name ]; do sleep 0.05; done
     . ${folder}/lease-$name
     export interface=$name ip mask router dns domain
     sh ${address} bound`,
  );
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function program(name: string, text: string): Promise<void> {
  const path = join(folder, "bin", name);
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
}

async function port(name: string, mac: string, index: number, carrier: "0" | "1"): Promise<void> {
  const path = join(folder, "sys/class/net", name);
  await mkdir(join(path, "device"), { recursive: true });
  await Promise.all(
    Object.entries({ address: mac, ifindex: String(index), carrier }).map(([file, text]) =>
      writeFile(join(path, file), `${text}\n`),
    ),
  );
}

const plugIn = (name: string): Promise<void> => writeFile(join(folder, "sys/class/net", name, "carrier"), "1\n");
const lease = (name: string, text: string): Promise<void> => writeFile(join(folder, `lease-${name}`), `${text}\n`);
const calls = (): Promise<string> => readFile(join(folder, "calls"), "utf8");
const called = (text: string): Promise<unknown> => waitFor(text, async () => (await calls()).includes(text));

/** Runs it until its clients have ended too, or the test stops it. */
async function network(commandLine: string, others = "3"): Promise<AsyncDisposable & { ended: Promise<unknown> }> {
  await writeFile(join(folder, "cmdline"), `${commandLine}\n`);
  const child = spawn("sh", [script], {
    detached: true,
    env: {
      ...process.env,
      PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`,
      FARRIER_SYS: join(folder, "sys"),
      FARRIER_CMDLINE: join(folder, "cmdline"),
      FARRIER_RUN: join(folder, "run"),
      FARRIER_ADDRESS: address,
      FARRIER_UPTIME: join(folder, "uptime"),
      FARRIER_RESOLV: join(folder, "resolv.conf"),
      FARRIER_POLL: "0.05",
      FARRIER_SLOW_POLL: "0.05",
      FARRIER_OTHERS: others,
    },
    stdio: ["ignore", "pipe", "ignore"],
  });
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, "close");
  return {
    ended,
    [Symbol.asyncDispose]: async () => {
      try {
        // The process group, including the clients.
        process.kill(-(child.pid ?? 0), "SIGKILL");
      } catch {
        // They have ended.
      }
      await ended;
    },
  };
}

const bootMac = "52:54:00:00:00:01";
const bootLine = "console=ttyS0 BOOTIF=01-52-54-00-00-00-01 quiet";

test("N3: the port that booted is asked when its link comes, though the controller's port has an address long since", async () => {
  await port("eth0", bootMac, 2, "0");
  await port("usb0", "be:3a:f2:b6:05:9f", 3, "1");
  await lease("usb0", "ip=169.254.3.1 mask=24 router=169.254.3.254 dns=169.254.3.254");
  await using run = await network(bootLine);
  await called("ip addr replace 169.254.3.1/24 dev usb0");
  await called("ip route replace default via 169.254.3.254 dev usb0 metric 103");
  await waitFor("what is said of the first", () => output.includes("usb0 has 169.254.3.1/24"));
  expect(await calls()).not.toContain("udhcpc eth0");
  await plugIn("eth0");
  await lease("eth0", "ip=10.0.0.5 mask=24 router=10.0.0.1 dns=10.0.0.2 domain=lab");
  await run.ended;
  expect(await calls()).toContain("ip addr replace 10.0.0.5/24 dev eth0");
  // Its route and name server come first.
  expect(await calls()).toContain("ip route replace default via 10.0.0.1 dev eth0 metric 10");
  expect(await readFile(join(folder, "resolv.conf"), "utf8")).toBe("search lab\nnameserver 10.0.0.2\n");
  expect(output).toContain("eth0 has 10.0.0.5/24, up for 12.34 s");
});

test("N3: it is asked no more once the control plane was reached by another", async () => {
  await port("eth0", bootMac, 2, "0");
  await port("eth1", "52:54:00:00:00:02", 3, "1");
  await lease("eth1", "ip=10.0.0.6 mask=24");
  await using run = await network(bootLine);
  await called("ip addr replace 10.0.0.6/24 dev eth1");
  await writeFile(join(folder, "run/reached"), "");
  await run.ended;
  expect(await calls()).not.toContain("udhcpc eth0");
});

test("N3: without a port that it is known to have booted from, all are asked until the control plane is reached", async () => {
  await port("eth0", bootMac, 2, "0");
  await port("usb0", "be:3a:f2:b6:05:9f", 3, "1");
  await lease("usb0", "ip=169.254.3.1 mask=24");
  await using run = await network("quiet");
  await called("ip addr replace 169.254.3.1/24 dev usb0");
  await plugIn("eth0");
  await lease("eth0", "ip=10.0.0.5 mask=24");
  await called("ip addr replace 10.0.0.5/24 dev eth0");
  await writeFile(join(folder, "run/reached"), "");
  await run.ended;
});

test("the port that booted is asked alone at first, and each once", async () => {
  await port("eth0", bootMac, 2, "1");
  await port("eth1", "52:54:00:00:00:02", 3, "1");
  await lease("eth0", "ip=10.0.0.5 mask=24");
  await using run = await network(bootLine, "1000000");
  await run.ended;
  expect((await calls()).match(/^udhcpc .*$/gmu)).toEqual(["udhcpc eth0"]);
});
