import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { defined } from "../lib/defined.ts";
import { describeError } from "../lib/errors.ts";
import { issueWords, problemWords } from "../lib/format/issue-words.ts";
import { LabError } from "./errors.ts";

/** How a machine boots; `uefi-secure` is UEFI with Secure Boot on, and Microsoft's keys. */
export const firmwares = ["uefi", "bios", "uefi-secure"] as const;
export type Firmware = (typeof firmwares)[number];

/** The bus of its disks. */
export const diskKinds = ["virtio", "nvme", "sata"] as const;
export type DiskKind = (typeof diskKinds)[number];

/** The protocols of the controller in front of a machine. */
export const labControllerProtocols = ["redfish", "ipmi"] as const;
export type LabControllerProtocol = (typeof labControllerProtocols)[number];

/** Maximum number of disks and of network interfaces: q35's AHCI has six ports, and more would test nothing new. */
export const mostDevices = 6;

const definition = z.strictObject({
  version: z.literal(1),
  name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/u),
  /** SMBIOS UUID and the provider's id: a new one for each machine, so that it never refers to another disk. */
  uuid: z.uuid().toLowerCase(),
  /** A different SMBIOS UUID, to simulate two boards with the same one. */
  smbiosUuid: z.uuid().toLowerCase().optional(),
  serial: z.string().regex(/^[A-Za-z0-9-]{1,32}$/u),
  firmware: z.enum(firmwares),
  memoryMiB: z.int().min(256).max(1_048_576),
  cpus: z.int().min(1).max(64),
  disks: z
    .array(
      z.strictObject({
        kind: z.enum(diskKinds),
        bytes: z
          .int()
          .min(1 << 20)
          .multipleOf(512),
        /** At most 20 bytes: virtio and NVMe have no room for more. */
        serial: z.string().regex(/^[A-Za-z0-9-]{1,20}$/u),
      }),
    )
    .min(1)
    .max(mostDevices),
  /** The first boots from the network. */
  nics: z
    .array(z.strictObject({ mac: z.string().regex(/^52:54:00(:[0-9a-f]{2}){3}$/u) }))
    .min(1)
    .max(mostDevices),
  /**
   * The controller in front of the machine, on that port of the loopback: TCP for Redfish, UDP for IPMI. Such a machine
   * is not the lab provider's: it is known and switched by its controller alone.
   */
  controller: z
    .strictObject({ protocol: z.enum(labControllerProtocols), port: z.int().min(1024).max(65_535) })
    .optional(),
});

/** A lab machine, as its `machine.json` stores it. */
export type LabMachine = z.infer<typeof definition>;

/** A lab machine with a controller in front of it. */
export type ControlledLabMachine = LabMachine & { controller: NonNullable<LabMachine["controller"]> };

/** The configurable properties of a machine. */
export interface LabMachineShape {
  firmware: Firmware;
  disk: DiskKind;
  disks: number;
  /** Of each disk. */
  diskBytes: number;
  nics: number;
  memoryMiB: number;
  cpus: number;
}

/**
 * Makes a machine with that shape: its UUID, serial numbers and MACs (52:54:00 is QEMU's own prefix) are random.
 * @throws {LabError} `definition_invalid` if such a machine is not possible
 */
export function labMachineMake(
  name: string,
  shape: LabMachineShape,
  controller?: LabMachine["controller"],
): LabMachine {
  const serial = `LAB-${randomBytes(4).toString("hex").toUpperCase()}`;
  const made = definition.safeParse(
    {
      version: 1,
      name,
      uuid: randomUUID(),
      serial,
      firmware: shape.firmware,
      memoryMiB: shape.memoryMiB,
      cpus: shape.cpus,
      disks: Array.from({ length: shape.disks }, (_, index) => ({
        kind: shape.disk,
        bytes: shape.diskBytes,
        serial: `${serial}-D${index}`,
      })),
      nics: Array.from({ length: shape.nics }, () => ({
        mac: `52:54:00:${(randomBytes(3).toString("hex").match(/../gu) ?? []).join(":")}`,
      })),
      ...defined({ controller }),
    },
    { error: issueWords },
  );
  if (made.success) {
    return made.data;
  }
  throw new LabError("definition_invalid", `such a lab machine is not possible: ${shapeProblem(made.error)}`);
}

/** The flags of `farrier lab up` for the parts of a shape. */
const shapeFlags: Readonly<Record<string, string>> = {
  name: "--name-prefix",
  firmware: "--firmware",
  memoryMiB: "--memory",
  cpus: "--cpus",
  disks: "--disks",
  bytes: "--disk-size",
  kind: "--disk",
  nics: "--nics",
};

function shapeProblem({ issues }: z.ZodError): string {
  const texts = issues.map(({ path, message }) => {
    const field = String(path.at(-1) ?? "");
    return `${shapeFlags[field] ?? field}: ${message}`;
  });
  // Several equal disks give the same message.
  return [...new Set(texts)].join("; ");
}

/** @throws {LabError} `definition_invalid`, naming the file */
export function labMachineParse(text: string, path: string): LabMachine {
  try {
    return definition.parse(JSON.parse(text), { error: issueWords });
  } catch (error) {
    const why = error instanceof z.ZodError ? problemWords(error) : describeError(error);
    throw new LabError(
      "definition_invalid",
      `${path} does not describe a lab machine (${why}): correct it, or remove the machine with \`farrier lab down\``,
      { cause: error },
    );
  }
}
