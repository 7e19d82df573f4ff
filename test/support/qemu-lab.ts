import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import type { HistoryEntry, Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { embeddedReach } from "../../src/database/embedded/embedded-reach.ts";
import { consoleFile } from "../../src/lab/directory.ts";
import { plain } from "../../src/lab/console.ts";
import { bootImage, bootImageMissing } from "./boot-image.ts";
import type { FarrierProcess, Ran, ServingFarrier } from "./farrier-process.ts";
import { freePort } from "./free-port.ts";
import type { ServedImage } from "./image-server.ts";
import { type Lab, lab, must } from "./lab.ts";
import { labGuard } from "./lab-guard.ts";
import { qemuMissing } from "./qemu.ts";
import { waitFor } from "./wait.ts";

/** A lab machine: a QEMU of its own. */
export interface QemuMachine {
  readonly name: string;
  show(): Promise<Machine>;
  /** What `farrier machine explain` says. */
  explain(): Promise<string>;
  /** The oldest first. */
  history(): Promise<HistoryEntry[]>;
  /** "event generation" of the history's entries about installations and agents, the oldest first. */
  story(): Promise<string[]>;
  /** Everything that it has written to its console so far. */
  console(): Promise<string>;
  /** Waits for a text on its console, after that number of characters. @throws with the console's end */
  says(text: string | RegExp, options?: { after?: number; timeoutMs?: number }): Promise<void>;
  /** Waits until its newest event of that kind is this one, or later: how many of it there are. */
  happened(event: string, count: number, timeoutMs?: number): Promise<void>;
  /** `farrier machine install THIS …` with a user data that says `word`; returns at once. */
  installStart(image: Pick<ServedImage, "url" | "digest">, word: string, ...flags: string[]): Promise<FarrierProcess>;
  /** `farrier lab power THIS …` */
  power(action: "on" | "off" | "reset", ...flags: string[]): Promise<void>;
}

/** A whole Farrier with QEMU machines, in a folder of its own. */
export interface QemuLab extends AsyncDisposable {
  readonly place: Lab;
  /** The URL that machines' firmware fetches from this control plane. */
  readonly netbootUrl: string;
  /** What serves now. */
  readonly up: ServingFarrier;
  /** Starts `farrier up`, again on the same ports where it was ended. */
  start(): Promise<void>;
  machine(name: string, ...flags: string[]): Promise<QemuMachine>;
  /** Rows of a statement on its database. */
  rows(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]>;
}

/** Why there can't be one here; undefined = there can. */
export async function qemuLabMissing(): Promise<string | undefined> {
  return (await qemuMissing()) ?? (await bootImageMissing());
}

/** Milliseconds that an emulated machine may take to boot: half a minute, many times that on a busy host. */
export const bootPatience = 900_000;

/**
 * Makes the folder and starts everything. An agent counts as lost soon: after 45 s, and 5 s after its reboot.
 * @param flags of `farrier up`
 */
export async function qemuLab(...flags: string[]): Promise<QemuLab> {
  await using stack = new AsyncDisposableStack();
  // Released last.
  let guard: AsyncDisposable | undefined;
  stack.defer(async () => await guard?.[Symbol.asyncDispose]());
  const place = stack.use(await lab());
  guard = labGuard(place.folder, place.dataDir);
  const images = join(place.folder, "boot-images");
  await mkdir(images);
  await symlink(await bootImage(), join(images, "x86_64"));
  const netboot = `127.0.0.1:${await freePort()}`;
  // QEMU outlives Farrier: what runs still is taken away before the folder is.
  stack.defer(async () => void (await place.cli("lab", "down")));

  let up: ServingFarrier | undefined;
  const start = async (): Promise<void> => {
    up = await place.up("--netboot", netboot, "--boot-images", images, ...flags);
    await rows("UPDATE agent_silence SET started = '90 seconds', heartbeat = '45 seconds', departed = '5 seconds'");
  };
  const rows: QemuLab["rows"] = async (text, ...values) => {
    await using reach = await embeddedReach(join(place.dataDir, "postgres"));
    const client = new pg.Client({ ...reach.connection });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  await start();
  const release = stack.move();
  return {
    place,
    netbootUrl: `http://${netboot.replace("127.0.0.1", "10.0.2.2")}/boot.ipxe`,
    get up() {
      if (up === undefined) {
        throw new Error("nothing serves");
      }
      return up;
    },
    start,
    rows,
    machine: async (name, ...more) => {
      const made = await must(place.cli("lab", "up", "--machines", "1", "--name-prefix", name, ...more));
      return qemuMachine(place, made.stdout.trim());
    },
    [Symbol.asyncDispose]: async () => await release.disposeAsync(),
  };
}

/** A machine of a lab. @param labFolder where the lab is, if it is not the control plane's own */
export function qemuMachine(place: Lab, name: string, labFolder = join(place.dataDir, "lab")): QemuMachine {
  const history = async (): Promise<HistoryEntry[]> => {
    const { entries } = await (await place.client()).machines.machineHistory({ machine: name, pageSize: 1000 });
    return entries.toReversed();
  };
  const consoleText = async (): Promise<string> => {
    try {
      return plain(await readFile(consoleFile(labFolder, name), "utf8"));
    } catch {
      // Not switched on yet.
      return "";
    }
  };
  return {
    name,
    history,
    console: consoleText,
    show: async () => {
      const { machine } = await (await place.client()).machines.machineShow({ machine: name });
      if (machine === undefined) {
        throw new Error(`the control plane shows nothing of ${name}`);
      }
      return machine;
    },
    explain: async () => (await must(place.cli("machine", "explain", name))).stdout,
    story: async () =>
      (await history())
        .filter(({ event }) => /^(?:agent|installation|installed)_/u.test(event) && event !== "installation_progressed")
        .map(({ event, generation }) => (generation === 0n ? event : `${event} ${generation}`)),
    says: async (text, { after = 0, timeoutMs = bootPatience } = {}) => {
      await waitFor(
        `${text} on the console of ${name}`,
        async () => {
          const said = (await consoleText()).slice(after);
          const found = typeof text === "string" ? said.includes(text) : text.test(said);
          return found || Promise.reject(new Error(`its end is: ${said.slice(-2000)}`));
        },
        { timeoutMs, intervalMs: 100 },
      );
    },
    happened: async (event, count, timeoutMs = bootPatience) => {
      await waitFor(
        `${event} of ${name} for the ${count}. time`,
        async () => {
          const events = (await history()).map((entry) => entry.event);
          return events.filter((one) => one === event).length >= count || Promise.reject(new Error(events.join(" ")));
        },
        { timeoutMs, intervalMs: 100 },
      );
    },
    installStart: async ({ url, digest }, word, ...flags) => {
      const userData = join(place.folder, `${name}-user-data`);
      await writeFile(userData, `#cloud-config\n# ${word}\n`);
      return place.cliStart(
        ...["machine", "install", name, "--image", url, "--digest", digest, "--disk", "min=1M"],
        ...["--user-data", userData, "--wait", ...flags],
      );
    },
    power: async (action, ...flags) => void (await must(place.cli("lab", "power", name, action, ...flags))),
  };
}

/** A command's success. */
export async function succeeded(process: FarrierProcess): Promise<Ran> {
  return must(process.ended);
}
