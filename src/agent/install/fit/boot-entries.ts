// Parses efibootmgr's list of the firmware's boot entries.

/** The label of Farrier's entries. */
export const bootLabel = "Farrier OS";

/** The numbers (four hexadecimal digits) of Farrier's entries. Pure. */
export function ownBootEntries(printed: string): string[] {
  const pattern = new RegExp(`^Boot(?<number>[0-9A-Fa-f]{4})\\*? +${bootLabel}(?:\\t|$)`, "gmu");
  return Array.from(printed.matchAll(pattern), (match) => match.groups?.["number"] ?? "");
}

/** The path that firmware tries on an unknown disk (UEFI 2.10, 3.5.1.1), in efibootmgr's notation. */
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
