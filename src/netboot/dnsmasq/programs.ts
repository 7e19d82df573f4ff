/**
 * The program for a client, by its architecture (option 93; RFC 4578, 2.1, and IANA's "Processor Architecture Types").
 */
export interface BootProgram {
  architectures: readonly number[];
  /** A file in the TFTP root, or a URL if the firmware boots over HTTP. */
  file: string;
  over: "tftp" | "http";
}

/** The programs for firmware without iPXE, as far as their files exist. Pure. */
export function bootPrograms(url: string, there: (file: string) => boolean): BootProgram[] {
  const programs: (BootProgram & { needs: string })[] = [
    { architectures: [0], file: "undionly.kpxe", over: "tftp", needs: "undionly.kpxe" },
    // Both numbers are in use for x64 UEFI.
    { architectures: [7, 9], file: "snponly.efi", over: "tftp", needs: "snponly.efi" },
    { architectures: [11], file: "snponly-arm64.efi", over: "tftp", needs: "snponly-arm64.efi" },
    { architectures: [16], file: `${url}/ipxe/x86_64/snponly.efi`, over: "http", needs: "snponly.efi" },
    { architectures: [19], file: `${url}/ipxe/arm64/snponly.efi`, over: "http", needs: "snponly-arm64.efi" },
  ];
  return programs.filter(({ needs }) => there(needs)).map(({ needs: _needs, ...program }) => program);
}
