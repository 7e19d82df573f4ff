// The iPXE scripts (https://ipxe.org/scripting). They contain paths only: iPXE uses the host that it got the script
// from.
import type { Architecture } from "./architecture.ts";
import type { BootFile } from "./boot-image.ts";
import { interfacesAsked } from "./boot-query.ts";

/** Seconds between retries. */
const pause = 5;
/** Seconds after which a held machine asks again. */
const holdPause = 30;

function script(...lines: string[]): string {
  return ["#!ipxe", ...lines, ""].join("\n");
}

/** The first script, the same for every machine: asks what this machine should do, until it is answered. */
export function bootScript(): string {
  // Last the interface that it boots by, which may be beyond the ones reported by number.
  const interfaces = [...Array.from({ length: interfacesAsked }, (_, index) => `net${index}`), "netX"];
  const macs = interfaces.map((name) => `&mac=\${${name}/mac:hexhyp}`).join("");
  return script(
    ":ask",
    "echo Farrier: asking what to boot",
    `chain --replace --autofree /machine.ipxe?uuid=\${uuid}${macs}&serial=\${serial:uristring}&arch=\${buildarch}&platform=\${platform} || goto failed`,
    ":failed",
    `echo Farrier: no answer, asking again in ${pause} s`,
    `sleep ${pause}`,
    "goto ask",
  );
}

/** Shows why nothing is booted, and asks again later. */
function waitScript(reason: string): string {
  return script(
    `echo Farrier: ${reason}`,
    `sleep ${holdPause}`,
    ":ask",
    "chain --replace --autofree /boot.ipxe || goto failed",
    ":failed",
    `sleep ${pause}`,
    "goto ask",
  );
}

/** For a machine in quarantine. */
export function holdScript(): string {
  return waitScript("this machine is held: an operator has to release it (farrier machine explain)");
}

/** For an architecture without a boot image; undefined means an architecture for which there is never one. */
export function noImageScript(architecture: Architecture | undefined): string {
  return waitScript(
    architecture === undefined
      ? "there are no boot images for ${buildarch}"
      : `no boot image for ${architecture} is here yet: build one with "farrier boot-image build"`,
  );
}

/**
 * Starts the agent. The configuration is fetched last, because a token is handed out once, and named first, because it
 * is an uncompressed archive whose length makes the next archive begin where the kernel looks for it.
 */
export function agentScript(options: {
  architecture: Architecture;
  handle: string;
  kernelArguments: string;
  /** Digests in hexadecimal, where the files are in a store: both are then of one image, also if a newer one comes. */
  digests?: Readonly<Record<BootFile, string>> | undefined;
}): string {
  const { architecture, handle, kernelArguments, digests } = options;
  const kernel = digests === undefined ? "" : `?digest=${digests.vmlinuz}`;
  const initramfs = digests === undefined ? "" : `&digest=${digests.initramfs}`;
  const files = `initrd=config.cpio initrd=initramfs BOOTIF=01-\${netX/mac:hexhyp}`;
  const again = (label: string): string[] => [
    `:${label}-failed`,
    `echo Farrier: could not fetch it, trying again in ${pause} s`,
    `sleep ${pause}`,
    `goto ${label}`,
  ];
  return script(
    "echo Farrier: starting the agent",
    ":kernel",
    `kernel --name vmlinuz /boot/${architecture}/vmlinuz${kernel} ${`${files} ${kernelArguments}`.trim()} || goto kernel-failed`,
    ":initramfs",
    `initrd --name initramfs /boot/${architecture}/initramfs?machine=${handle}${initramfs} || goto initramfs-failed`,
    ":config",
    `initrd --name config.cpio /config/${handle}.cpio || goto config-failed`,
    "boot ||",
    `echo Farrier: the agent's kernel could not be started, asking again in ${pause} s`,
    `sleep ${pause}`,
    "chain --replace --autofree /boot.ipxe || reboot",
    ...again("kernel"),
    ...again("initramfs"),
    ...again("config"),
  );
}

/**
 * Boots the machine from its disk: a BIOS is told which, UEFI goes on with its next boot entry. iPXE exits with a
 * failure, because after a success some makers' firmware shows its menu instead of the next entry. (UEFI's sanboot
 * fails with Debian's iPXE.)
 */
export function diskScript(platform: "efi" | "pcbios"): string {
  return script(
    "echo Farrier: installed, nothing pending: booting the disk",
    platform === "efi" ? "exit 1" : "sanboot --no-describe --drive 0x80 || exit 1",
  );
}
