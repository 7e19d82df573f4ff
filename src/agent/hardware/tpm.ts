import { create } from "@bufbuild/protobuf";
import type { Tpm } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { TpmSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { cleanText } from "../errors.ts";
import type { Smbios } from "./smbios.ts";
import type { Tree } from "./tree.ts";
import { textLimit } from "./tree.ts";

const device = "sys/class/tpm/tpm0";

/**
 * The machine's TPM, from the kernel's driver, the firmware's tables (SMBIOS type 43) or its ACPI table; undefined if
 * there is none.
 */
export async function tpm(tree: Tree, tables: Smbios): Promise<Tpm | undefined> {
  const told = smbiosTpm(tables);
  const driver = await tree.link(`${device}/device/driver`);
  const major = await tree.integer(`${device}/tpm_version_major`);
  // Kernels before 5.6 have only this file, and only for TPM 1.2.
  const caps = tpmCaps((await tree.lines(`${device}/device/caps`)) ?? []);
  const acpi = (await tree.list("sys/firmware/acpi/tables")) ?? [];
  const version =
    (major === 2 ? "2.0" : major === 1 ? "1.2" : caps.version) ||
    told.version ||
    (acpi.includes("TPM2") ? "2.0" : acpi.includes("TCPA") ? "1.2" : "");
  if (version === "" && driver === undefined) {
    return undefined;
  }
  return create(TpmSchema, {
    version,
    manufacturer: told.manufacturer || caps.manufacturer,
    firmwareVersion: told.firmwareVersion || caps.firmwareVersion,
    driver: cleanText(driver?.slice(driver.lastIndexOf("/") + 1) ?? "", textLimit),
  });
}

interface KnownTpm {
  version: string;
  manufacturer: string;
  firmwareVersion: string;
}

/**
 * DSP0134, 7.44: from specification 2.0 on the firmware's version is in two halves of a double word, before that in
 * bytes. Pure.
 */
export function smbiosTpm({ structures }: Smbios): KnownTpm {
  const entry = structures.find(({ type }) => type === 43);
  if (entry === undefined) {
    return { version: "", manufacturer: "", firmwareVersion: "" };
  }
  const [major, firmware] = [entry.byte(0x08), entry.double(0x0a)];
  return {
    version: major === 0 ? "" : `${major}.${entry.byte(0x09)}`,
    manufacturer: cleanText(entry.bytes(0x04, 4).toString("latin1"), 4),
    firmwareVersion:
      firmware === 0
        ? ""
        : major >= 2
          ? `${firmware >>> 16}.${firmware & 0xffff}`
          : `${entry.byte(0x0c)}.${entry.byte(0x0d)}`,
  };
}

/** Parses "Manufacturer: 0x53544d20", "TCG version: 1.2", "Firmware version: 13.12". Pure. */
export function tpmCaps(lines: readonly string[]): KnownTpm {
  const value = (name: string): string =>
    cleanText(lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "", textLimit);
  const hex = /^0x(?<digits>[0-9a-f]{8})$/iu.exec(value("Manufacturer"))?.groups?.["digits"] ?? "";
  return {
    version: value("TCG version"),
    manufacturer: cleanText(Buffer.from(hex, "hex").toString("latin1"), 4),
    firmwareVersion: value("Firmware version"),
  };
}
