import { BlockDevice_Protocol, type BlockDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import type { DiskHealth } from "./disk-health-found.ts";
import { diskPlace, type DiskPlace } from "./disk-place.ts";
import { nvmeHealth } from "./nvme-health.ts";
import { smartHealth } from "./smart-health.ts";
import type { RunTool, ToolOutcome } from "./tool.ts";
import type { Tree } from "./tree.ts";

/** How the health of a type of disk is read: the program, and the parser of its output. */
interface Question {
  program: string;
  args: readonly string[];
  read: (output: Buffer) => DiskHealth | undefined;
}

const atOnce = 4;
const namedDisks = 8;

/**
 * Adds each disk's health from the output of `nvme` and `smartctl` (health needs commands to the disk, which the kernel
 * does not expose), otherwise only its temperature. A failed query is a warning.
 */
export async function diskHealth(tree: Tree, disks: readonly BlockDevice[], run: RunTool): Promise<void> {
  const missing = new Map<string, string[]>();
  const queue = [...disks];
  const worker = async (): Promise<void> => {
    for (let disk = queue.shift(); disk !== undefined; disk = queue.shift()) {
      await askOne(tree, disk, run, missing);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  for (const [program, names] of [...missing].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const sorted = names.toSorted();
    const rest = sorted.length > namedDisks ? ` and ${sorted.length - namedDisks} more` : "";
    const listed = sorted.slice(0, namedDisks).join(", ") + rest;
    tree.warn(`the health of ${listed} is unknown: there is no program ${program} here`);
  }
}

async function askOne(tree: Tree, disk: BlockDevice, run: RunTool, missing: Map<string, string[]>): Promise<void> {
  const place = await diskPlace(tree, disk.name);
  const question = questionFor(disk, place);
  if (question === undefined) {
    return;
  }
  const celsius = await sensorCelsius(tree, disk.name, place.path);
  if (celsius !== undefined) {
    disk.temperatureCelsius = celsius;
  }
  const outcome = await run(question.program, question.args);
  const health = outcome.kind === "ran" ? question.read(outcome.output) : undefined;
  if (health !== undefined) {
    Object.assign(disk, health);
  } else if (outcome.kind === "absent") {
    missing.set(question.program, [...(missing.get(question.program) ?? []), disk.name]);
  } else {
    tree.warn(`the health of ${disk.name} is unknown: ${problem(question.program, outcome)}`);
  }
}

function problem(program: string, outcome: Exclude<ToolOutcome, { kind: "absent" }>): string {
  return outcome.kind === "failed" ? outcome.message : `${program} got no answer from it`;
}

function questionFor(disk: BlockDevice, place: DiskPlace): Question | undefined {
  if (disk.protocol === BlockDevice_Protocol.NVME) {
    return place.controller === undefined
      ? undefined
      : { program: "nvme", args: ["smart-log", `/dev/${place.controller}`, "--raw-binary"], read: nvmeHealth };
  }
  // Virtual disks have no health; disks behind USB or a network are not part of the machine.
  const madeUp = /\/virtio\d+\//u.test(place.path);
  return !madeUp && ["ata", "sas", "scsi"].includes(disk.transport)
    ? {
        program: "smartctl",
        args: ["--json", "-H", "-A", `/dev/${disk.name}`],
        read: (output) => smartHealth(output, disk.rotational),
      }
    : undefined;
}

/** The kernel's temperature sensor of the disk, in whole degrees; drivers: nvme, drivetemp. */
async function sensorCelsius(tree: Tree, name: string, path: string): Promise<number | undefined> {
  const folders = [`sys/block/${name}/device/hwmon`, path.slice(0, path.lastIndexOf("/"))];
  for (const folder of folders) {
    const sensor = ((await tree.list(folder)) ?? []).find((entry) => /^hwmon\d+$/u.test(entry));
    const thousandths = sensor === undefined ? undefined : await tree.integer(`${folder}/${sensor}/temp1_input`);
    if (thousandths !== undefined && thousandths > -100_000 && thousandths < 300_000) {
      return Math.round(thousandths / 1000);
    }
  }
  return undefined;
}
