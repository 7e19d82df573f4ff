import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { LabError } from "./errors.ts";
import type { Firmware } from "./machine.ts";

/** The programs and files for a machine on this host; absolute paths. */
export interface LabPrograms {
  qemu: string;
  /** OVMF's code and the template of its variables; absent for BIOS. */
  ovmf?: { code: string; variables: string };
}

/** Debian's places; 4 MiB OVMF is what Debian 12 and later have. */
const ovmfFolder = "/usr/share/OVMF";
/** iPXE for both kinds of firmware, QEMU's default for a virtio network interface. */
const networkRom = "/usr/lib/ipxe/qemu/efi-virtio.rom";

/**
 * Finds everything that a machine with this firmware needs.
 * @throws {LabError} `program_missing`, with the package to install
 */
export async function labPrograms(
  firmware: Firmware,
  { env = process.env }: { env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<LabPrograms> {
  const qemu = await qemuFind(env);
  await need(networkRom, "the network boot ROM", "ipxe-qemu");
  if (firmware === "bios") {
    return { qemu };
  }
  const [code, variables] =
    firmware === "uefi-secure"
      ? ["OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.ms.fd"]
      : ["OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"];
  const ovmf = { code: join(ovmfFolder, code), variables: join(ovmfFolder, variables) };
  await need(ovmf.code, "the UEFI firmware", "ovmf");
  await need(ovmf.variables, "the UEFI firmware's variables", "ovmf");
  return { qemu, ovmf };
}

/** @throws {LabError} `program_missing` */
export async function qemuFind(env: Readonly<Record<string, string | undefined>> = process.env): Promise<string> {
  return programFind("qemu-system-x86_64", { what: "QEMU", debianPackage: "qemu-system-x86" }, env);
}

/**
 * Finds what an IPMI controller in front of a machine needs; ipmitool is what the control plane calls it with.
 * @throws {LabError} `program_missing`, with the package to install
 */
export async function ipmiPrograms(): Promise<{ ipmiSim: string; setpriv: string }> {
  await programFind("ipmitool", { what: "the client of IPMI", debianPackage: "ipmitool" });
  return {
    ipmiSim: await programFind("ipmi_sim", { what: "the simulator of IPMI controllers", debianPackage: "openipmi" }),
    setpriv: await programFind("setpriv", { what: "what ends a program with its parent", debianPackage: "util-linux" }),
  };
}

async function programFind(
  name: string,
  { what, debianPackage }: { what: string; debianPackage: string },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  for (const folder of (env["PATH"] ?? "").split(delimiter).filter((part) => part !== "")) {
    const path = join(folder, name);
    if (await isThere(path, constants.X_OK)) {
      return path;
    }
  }
  throw missing(name, what, debianPackage);
}

async function need(path: string, what: string, debianPackage: string): Promise<void> {
  if (!(await isThere(path, constants.R_OK))) {
    throw missing(path, what, debianPackage);
  }
}

function isThere(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

function missing(path: string, what: string, debianPackage: string): LabError {
  return new LabError(
    "program_missing",
    `${what} (${path}) is missing, and lab machines need it: \`apt-get install ${debianPackage}\``,
  );
}
