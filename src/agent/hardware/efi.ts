import { EFISupport } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import type { Tree } from "./tree.ts";

/** Whether this boot went through EFI, or could have: a bit of the firmware's first table says the latter. */
export async function efiSupport(tree: Tree): Promise<EFISupport> {
  if ((await tree.list("sys/firmware/efi")) !== undefined) {
    return EFISupport.EFI_SUPPORT_ENABLED;
  }
  const bios = await tree.bytes("sys/firmware/dmi/entries/0-0/raw");
  // DSP0134, 7.1.2.2: byte 2 of the characteristics' extension, bit 3: UEFI is supported.
  const extension = bios === undefined || bios[0] !== 0 || (bios[1] ?? 0) < 0x14 ? undefined : bios[0x13];
  if (extension === undefined) {
    return EFISupport.EFI_SUPPORT_UNKNOWN;
  }
  return (extension & 0x08) === 0 ? EFISupport.EFI_SUPPORT_UNSUPPORTED : EFISupport.EFI_SUPPORT_SUPPORTED;
}
