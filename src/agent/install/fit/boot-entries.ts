// What efibootmgr prints of the firmware's boot entries.

/** What our entries are called. */
export const bootLabel = "Farrier OS";

/** The numbers (four hexadecimal digits) of the entries that we made. Pure. */
export function ownBootEntries(printed: string): string[] {
  const pattern = new RegExp(`^Boot(?<number>[0-9A-Fa-f]{4})\\*? +${bootLabel}(?:\\t|$)`, "gmu");
  return Array.from(printed.matchAll(pattern), (match) => match.groups?.["number"] ?? "");
}

/** The path that firmware looks for where it knows nothing of a disk (UEFI 2.10, 3.5.1.1), as efibootmgr writes it. */
export function fallbackLoader(architecture: NodeJS.Architecture): string | undefined {
  switch (architecture) {
    case "x64":
      return "\\EFI\\BOOT\\BOOTX64.EFI";
    case "arm64":
      return "\\EFI\\BOOT\\BOOTAA64.EFI";
    default:
      return undefined;
  }
}
