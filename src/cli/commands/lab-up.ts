import { agentMemoryMiB } from "../../contract/agent-memory.ts";
import { buildCommand } from "@stricli/core";
import type { LabUpFlags } from "../actions/lab-up.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { parsePositive } from "../line/positive.ts";
import { parseSize } from "../../lib/format/parse-size.ts";

function countFlag(brief: string, otherwise: string) {
  return { kind: "parsed", brief, placeholder: "N", default: otherwise, parse: parsePositive } as const;
}

export const labUpCommand = buildCommand<LabUpFlags, [], CliContext>({
  docs: docs(
    "Make lab machines: QEMU processes that behave as bare metal",
    "Makes lab machines: QEMU processes that behave as bare metal, with empty disks, and boot from the network. " +
      "Existing ones are left unchanged. The control plane (`farrier up`) finds them by itself, and starts an " +
      "agent on each by its power switch. They go on running when it ends. They are kept in the data directory's folder lab. " +
      "With --controller each machine is behind a management controller on 127.0.0.1, and is known and switched by that alone: " +
      "the commands that make it known are printed, and run as printed.",
    [
      "farrier lab up --machines 3",
      "farrier lab up --machines 2 --controller redfish",
      "farrier lab up --machines 1 --name-prefix old --firmware bios --disk sata",
    ],
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
      controller: {
        kind: "enum",
        optional: true,
        values: ["redfish", "ipmi"],
        brief: "A management controller before each machine; ipmi needs Debian's openipmi and ipmitool",
      },
      firmware: {
        kind: "enum",
        values: ["uefi", "bios", "uefi-secure"],
        brief: "Firmware of the machines; uefi-secure has Secure Boot on",
        default: "uefi",
      },
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
      memory: countFlag(`Memory of each in MiB; an agent needs ${agentMemoryMiB}`, "2048"),
      cpus: countFlag("Processors of each", "2"),
    },
  },
  loader: async () => (await import("../actions/lab-up.ts")).labUpAction,
});

function parsePrefix(text: string): string {
  if (!/^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$/u.test(text)) {
    throw new RangeError(`"${text}" can't begin a name: expected up to 31 of a-z, 0-9 and -, a letter first`);
  }
  return text;
}
