import { EFISupport, SecureBoot } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import type { Smbios } from "./smbios.ts";
import type { Tree } from "./tree.ts";

const folder = "sys/firmware/efi";
// UEFI 2.10, 3.3: the vendor GUID of the specification's own variables.
const globalVariable = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
// Length of the attributes before the value.
const valueAt = 4;

/** Whether this boot used EFI, or could have, which a bit of the firmware's first table says. */
export async function efiSupport(tree: Tree, tables: Smbios): Promise<EFISupport> {
  if ((await tree.list(folder)) !== undefined) {
    return EFISupport.EFI_SUPPORT_ENABLED;
  }
  const bios = tables.structures.find(({ type }) => type === 0);
  // DSP0134, 7.1.2.2: byte 2 of the characteristics' extension, bit 3: UEFI is supported.
  if (bios === undefined || bios.length < 0x14) {
    return EFISupport.EFI_SUPPORT_UNKNOWN;
  }
  return (bios.byte(0x13) & 0x08) === 0 ? EFISupport.EFI_SUPPORT_UNSUPPORTED : EFISupport.EFI_SUPPORT_SUPPORTED;
}

/** Whether the firmware starts only signed programs. */
export async function secureBoot(tree: Tree): Promise<SecureBoot> {
  if ((await tree.list(folder)) === undefined) {
    return SecureBoot.UNSUPPORTED;
  }
  const variables = (await tree.list(`${folder}/efivars`)) ?? [];
  if (variables.length === 0) {
    tree.warn("the firmware's variables are not there (/sys/firmware/efi/efivars): secure boot is unknown");
    return SecureBoot.UNKNOWN;
  }
  const flag = async (name: string): Promise<number | undefined> =>
    (await tree.bytes(`${folder}/efivars/${name}-${globalVariable}`))?.[valueAt];
  const enabled = await flag("SecureBoot");
  if (enabled === undefined) {
    return SecureBoot.UNSUPPORTED;
  }
  return enabled === 1 ? SecureBoot.ENABLED : (await flag("SetupMode")) === 1 ? SecureBoot.SETUP : SecureBoot.DISABLED;
}
