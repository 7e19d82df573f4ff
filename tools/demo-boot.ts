// `npm run demo -- boot`: machines without DHCP or iPXE of ours. One is started from a virtual medium with Secure Boot on, and one
// runs a Debian and is taken over by SSH; each goes from nothing to installed with two commands. Before them one boots from the
// network, so that their times can be compared. All get the same Debian.
import { createReadStream, createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { printedCommands } from "../src/cli/testing/printed-words.ts";
import { debianHost, debianHostMissing } from "../test/support/debian-host.ts";
import { imageServer } from "../test/support/image-server.ts";
import { demoStage } from "./demo-stage.ts";

/** How a machine behind a controller is started: flags of `farrier lab up` and of `farrier bmc add`. */
interface Shown {
  prefix: string;
  title: string;
  lab: readonly string[];
  add: readonly string[];
}

const network: Shown = {
  ...{ prefix: "net", title: "network boot by its controller", lab: [], add: ["--boot-by", "controller-network"] },
};
const medium: Shown = {
  ...{ prefix: "media", title: "virtual medium, Secure Boot on" },
  ...{ lab: ["--firmware", "uefi-secure"], add: ["--boot-by", "controller-media"] },
};
const missing = await debianHostMissing();
if (missing !== undefined) {
  process.stderr.write(`${missing}\n`);
  process.exit(1);
}
await using stack = new AsyncDisposableStack();
const stage = stack.use(await demoStage("boot"));
const { directory, tell, farrier, quietly } = stage;

tell("What agents run in, as kernel and initramfs and as a boot medium; and a Debian to install");
await farrier("boot-image", "build", "--drivers", "lab", "--iso");
const image = join(directory, "debian.raw.zst");
await farrier("image", "build", "debian", "--out", image);
const images = stack.use(await imageServer());
const served = images.serve("debian.raw.zst", await readFile(image));
const source = ["--image", served.url.replace("127.0.0.1", "10.0.2.2"), "--digest", served.digest, "--disk", "min=1G"];

tell("A control plane, on an embedded PostgreSQL, for this run only");
await stage.up();

const times: { title: string; agent: number; installed: number }[] = [];
await byController(network);
await byController(medium, async (machine) => await stage.says(machine, "login:", 0));
// Here a machine of UEFI HTTP boot is to be shown, once the lab's firmware and its controller have it.
await bySsh();

tell("Seconds from the first command, in this run");
process.stdout.write(`${"".padEnd(36)}${"its agent".padStart(10)}${"installed".padStart(10)}\n`);
for (const { title, agent, installed } of times) {
  process.stdout.write(`${title.padEnd(36)}${agent.toFixed(0).padStart(10)}${installed.toFixed(0).padStart(10)}\n`);
}
process.stdout.write(
  "UEFI HTTP boot is not shown: the firmware of lab machines has none that their controller could set\n",
);
tell("Done");

/** A machine that is off, behind a controller that nobody knows yet. */
async function byController(
  { prefix, title, lab, add }: Shown,
  afterwards: (machine: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const machine = `${prefix}-1`;
  tell(`${machine}: ${title}`);
  const made = await farrier(
    ...["lab", "up", "--machines", "1", "--name-prefix", prefix, "--controller", "redfish", "--memory", "1024", ...lab],
  );
  const commands = printedCommands(made);
  const isBmcAdd = ([noun]: readonly string[]): boolean => noun === "bmc";
  // The controllers' password, once for all of them.
  for (const words of prefix === network.prefix ? commands.filter((one) => !isBmcAdd(one)) : []) {
    await farrier(...words);
  }
  const begun = Date.now();
  for (const words of commands.filter(isBmcAdd)) {
    await farrier(...words, ...add);
  }
  await farrier("machine", "install", machine, ...source, "--wait");
  await timed(machine, title, begun);
  await afterwards(machine);
  await farrier("lab", "power", machine, "off");
}

/** A machine that runs a Debian with a static address, and has no controller. */
async function bySsh(): Promise<void> {
  const machine = "rented-1";
  const title = "SSH takeover of a running Debian";
  tell(`${machine}: ${title}, which has a static address and no DHCP`);
  const raw = join(directory, "debian.raw");
  await pipeline(createReadStream(image), createZstdDecompress(), createWriteStream(raw));
  await using host = await debianHost(raw);
  await host.answers();
  const key = join(directory, "id_ed25519");
  await writeFile(key, host.clientKey, { mode: 0o600 });
  const account = ["--kind", "ssh-key", "--user", "root", "--secret-file", key, "--for", "127.0.0.1/32"];
  await farrier("credential", "create", "rented", ...account);
  const reach = ["--ssh", `root@127.0.0.1:${host.port}`, "--credential", "rented", "--ssh-host-key", host.hostKey];
  const begun = Date.now();
  await farrier("machine", "add", machine, ...reach, "--start-agent");
  await farrier("machine", "install", machine, ...source, "--wait");
  await timed(machine, title, begun);
  const packets = await host.dhcpPackets();
  process.stdout.write(`${machine} has sent ${packets} DHCP packets\n`);
  if (packets > 0) {
    throw new Error(`${machine} has asked for DHCP`);
  }
}

/** Notes when the machine's agent was let in and when it was installed, as its history has it. */
async function timed(machine: string, title: string, begun: number): Promise<void> {
  const { entries } = JSON.parse(await quietly("machine", "history", machine, "--json")) as {
    entries: { at: string; event: string }[];
  };
  const seconds = (pattern: RegExp): number => {
    const found = entries.find(({ event }) => pattern.test(event));
    if (found === undefined) {
      throw new Error(`the history of ${machine} has no ${pattern}`);
    }
    return (Date.parse(found.at) - begun) / 1000;
  };
  const agent = seconds(/^agent_(?:enrolled|registered)$/u);
  const installed = seconds(/^installation_succeeded$/u);
  times.push({ title, agent, installed });
  process.stdout.write(
    `${machine}: its agent after ${agent.toFixed(0)} s, installed after ${installed.toFixed(0)} s\n`,
  );
}
