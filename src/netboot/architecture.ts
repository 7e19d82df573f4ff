/** The architectures of boot images, by the names of their folders. */
export const architectures = ["x86_64", "arm64"] as const;
export type Architecture = (typeof architectures)[number];

/**
 * iPXE's `${buildarch}`: on a BIOS it is i386 whatever the processor supports; no current processor supports only that.
 */
const ofBuild: Readonly<Record<string, Architecture>> = { i386: "x86_64", x86_64: "x86_64", arm64: "arm64" };

/** The boot image's architecture for iPXE's; undefined if there is none. */
export function architectureOf(buildarch: string): Architecture | undefined {
  return Object.hasOwn(ofBuild, buildarch) ? ofBuild[buildarch] : undefined;
}
