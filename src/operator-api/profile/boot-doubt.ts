import { fromBinary } from "@bufbuild/protobuf";
import { EFISupport } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";

/**
 * Why a machine's firmware may not start an image, for people; undefined if nothing speaks against it, or too little is
 * known. A warning and no refusal: firmware can be set up in another way before the machine boots from its disk. Pure.
 * @param facts what was learned of the image
 * @param hardwareRaw the machine's serialised hardware report
 */
export function bootDoubt(
  facts: Readonly<Record<string, unknown>> | undefined,
  hardwareRaw: Uint8Array | undefined,
): string | undefined {
  const bootsBy = facts?.["bootsBy"];
  if (!Array.isArray(bootsBy) || bootsBy.length === 0 || hardwareRaw === undefined) {
    return undefined;
  }
  const byUefi = bootsBy.includes("uefi");
  const byBios = bootsBy.includes("bios");
  switch (efiSupportOf(hardwareRaw)) {
    case EFISupport.EFI_SUPPORT_UNSUPPORTED:
      return byBios
        ? undefined
        : "the image boots by UEFI alone, and the machine's firmware is a BIOS: it will not start";
    case EFISupport.EFI_SUPPORT_SUPPORTED:
      return byBios
        ? undefined
        : "the image boots by UEFI alone, and the machine booted by BIOS: set its firmware to UEFI, or it will not start";
    case EFISupport.EFI_SUPPORT_ENABLED:
      return byUefi
        ? undefined
        : "the image boots by BIOS alone, and the machine booted by UEFI: set its firmware to BIOS (legacy, CSM), or it will not start";
    default:
      return undefined;
  }
}

function efiSupportOf(raw: Uint8Array): EFISupport | undefined {
  try {
    return fromBinary(AgentHardwareReportSchema, raw).report?.efiSupport;
  } catch {
    // A report that can't be read says nothing about the machine.
    return undefined;
  }
}
