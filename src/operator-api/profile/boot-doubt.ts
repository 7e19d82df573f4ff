import { fromBinary } from "@bufbuild/protobuf";
import { EFISupport, type Node, SecureBoot } from "../../../gen/cloud/agent/api/hardware_pb.ts";
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
  const node = hardwareRaw === undefined ? undefined : nodeOf(hardwareRaw);
  if (!Array.isArray(bootsBy) || bootsBy.length === 0 || node === undefined) {
    return undefined;
  }
  const byUefi = bootsBy.includes("uefi");
  const byBios = bootsBy.includes("bios");
  switch (node.efiSupport) {
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
        ? signatureDoubt(facts?.["unsignedFor"], node)
        : "the image boots by BIOS alone, and the machine booted by UEFI: set its firmware to BIOS (legacy, CSM), or it will not start";
    default:
      return undefined;
  }
}

/** @param unsignedFor processors for which the image's loader has no signature; absent if that was not looked for */
function signatureDoubt(unsignedFor: unknown, { secureBoot, cpu }: Node): string | undefined {
  const processor = cpu.some(({ architecture }) => architecture.case === "x8664") ? "x86_64" : "aarch64";
  return secureBoot === SecureBoot.ENABLED && Array.isArray(unsignedFor) && unsignedFor.includes(processor)
    ? "the image's loader has no signature, and Secure Boot is on: the machine's firmware will refuse to start it. Use an image with a " +
        "signed loader (in the image: shim-signed), or switch Secure Boot off in the firmware's settings"
    : undefined;
}

function nodeOf(raw: Uint8Array): Node | undefined {
  try {
    return fromBinary(AgentHardwareReportSchema, raw).report;
  } catch {
    // A report that can't be read says nothing about the machine.
    return undefined;
  }
}
