import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import {
  clientFlags,
  commonFlags,
  docs,
  optionalFlag,
  parsePositive,
  switchFlag,
  type ClientFlags,
  type CommonFlags,
} from "../line/flags.ts";
import { parseSize } from "../line/size.ts";
import type { LabShape } from "../starters.ts";

/** Flags of `farrier lab up`. */
export interface LabUpFlags extends ClientFlags {
  machines: number;
  namePrefix: string;
  firmware: LabShape["firmware"];
  disk: LabShape["disk"];
  disks: number;
  diskSize: bigint;
  nics: number;
  memory: number;
  cpus: number;
}

function countFlag(brief: string, otherwise: string) {
  return { kind: "parsed", brief, placeholder: "N", default: otherwise, parse: parsePositive } as const;
}

export const labUpCommand = buildCommand<LabUpFlags, [], CliContext>({
  docs: docs(
    "Make lab machines: QEMU processes that behave as bare metal",
    "Makes lab machines: QEMU processes that behave as bare metal, with empty disks, and boot from the network. " +
      "Existing ones are left unchanged. The control plane (`farrier up`) finds them by itself, and starts an " +
      "agent on each by its power switch. They go on running when it ends. They are kept in the data directory's folder lab.",
    ["farrier lab up --machines 3", "farrier lab up --machines 1 --name-prefix old --firmware bios --disk sata"],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      machines: countFlag("Number of machines with this prefix", "1"),
      namePrefix: {
        kind: "parsed",
        brief: "Prefix of their names",
        placeholder: "NAME",
        default: "lab",
        parse: parsePrefix,
      },
      firmware: { kind: "enum", values: ["uefi", "bios"], brief: "Firmware of the machines", default: "uefi" },
      disk: { kind: "enum", values: ["virtio", "nvme", "sata"], brief: "Type of their disks", default: "virtio" },
      disks: countFlag("Disks of each machine, 1 to 6", "1"),
      diskSize: {
        kind: "parsed",
        brief: "Size of each disk; unwritten space takes no room on this host",
        placeholder: "SIZE",
        default: "8Gi",
        parse: parseSize,
      },
      nics: countFlag("Network interfaces of each machine, 1 to 6; the first one boots from the network", "1"),
      memory: countFlag("Memory of each in MiB", "2048"),
      cpus: countFlag("Processors of each", "2"),
    },
  },
  loader: async () => (await import("../actions/lab.ts")).labUpAction,
});

function parsePrefix(text: string): string {
  if (!/^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$/u.test(text)) {
    throw new RangeError(`"${text}" can't begin a name: expected up to 31 of a-z, 0-9 and -, a letter first`);
  }
  return text;
}

export const labDownCommand = buildCommand<ClientFlags, readonly string[], CliContext>({
  docs: docs(
    "Delete lab machines and their disks",
    "Deletes the named lab machines, or all: switches them off, deletes their disks, and deletes them from the control " +
      "plane if it runs.",
    ["farrier lab down", "farrier lab down lab-2"],
  ),
  parameters: {
    flags: clientFlags,
    positional: { kind: "array", parameter: { brief: "A lab machine's name", placeholder: "NAME", parse: String } },
  },
  loader: async () => (await import("../actions/lab.ts")).labDownAction,
});

/** Flags of `farrier lab list`. */
export interface LabListFlags extends CommonFlags {
  json: boolean | undefined;
}

export const labListCommand = buildCommand<LabListFlags, [], CliContext>({
  docs: docs("List lab machines", "", ["farrier lab list", "farrier lab list --json"]),
  parameters: { flags: { ...commonFlags, json: switchFlag("As JSON") } },
  loader: async () => (await import("../actions/lab.ts")).labListAction,
});

/** Flags of `farrier lab power`. */
export interface LabPowerFlags extends CommonFlags {
  boot: "network" | "disk" | undefined;
}

export const labPowerCommand = buildCommand<LabPowerFlags, [string, "on" | "off" | "reset"], CliContext>({
  docs: docs(
    "Switch a lab machine on or off, or reset it",
    "Switches a lab machine on or off, or resets it, without a shutdown of its operating system. --boot " +
      "chooses the source of the next boot; without it the firmware decides.",
    ["farrier lab power lab-1 off", "farrier lab power lab-1 reset --boot disk"],
  ),
  parameters: {
    flags: {
      ...commonFlags,
      boot: { kind: "enum", optional: true, values: ["network", "disk"], brief: "Boot source for the next start only" },
    },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "The lab machine's name", placeholder: "NAME", parse: String },
        { brief: "on, off or reset", placeholder: "on|off|reset", parse: parseAction },
      ],
    },
  },
  loader: async () => (await import("../actions/lab.ts")).labPowerAction,
});

function parseAction(text: string): "on" | "off" | "reset" {
  if (text === "on" || text === "off" || text === "reset") {
    return text;
  }
  throw new RangeError(`"${text}" is not a power action: expected on, off or reset`);
}

/** Flags of `farrier lab console`. */
export interface LabConsoleFlags extends CommonFlags {
  follow: boolean | undefined;
  lines: number | undefined;
}

export const labConsoleCommand = buildCommand<LabConsoleFlags, [string], CliContext>({
  docs: docs("Show a lab machine's serial console output", "", [
    "farrier lab console lab-1",
    "farrier lab console lab-1 --lines 20 --follow",
  ]),
  parameters: {
    flags: {
      ...commonFlags,
      follow: switchFlag("Follow new output until interrupted"),
      lines: optionalFlag("Only the last lines", "N", parsePositive),
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The lab machine's name", placeholder: "NAME", parse: String }],
    },
  },
  loader: async () => (await import("../actions/lab.ts")).labConsoleAction,
});
