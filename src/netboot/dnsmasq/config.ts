import { interfaceNetwork, type DhcpOptions, type InterfaceAddress } from "./options.ts";
import type { BootProgram } from "./programs.ts";

/** What dnsmasq's configuration is made from. */
export interface DnsmasqSettings {
  dhcp: DhcpOptions;
  own: InterfaceAddress;
  /** The URL of network boot, http://HOST:PORT. */
  url: string;
  /** The folder with the programs that are sent by TFTP. */
  tftpRoot: string;
  programs: readonly BootProgram[];
  leaseFile: string;
  pidFile: string;
}

// A Raspberry Pi's own ROM claims to be a PC's BIOS, and can start nothing that Farrier has. It is recognised by its
// UUID, which begins with "RPi" or consists of fours (models before the fourth), and by its makers' MAC prefixes.
const piUuids = ["00:52:50:69", "00:44:44:44:44:44:44:44:44"];
const piAddresses = ["28:cd:c1", "2c:cf:67", "88:a2:9e", "b8:27:eb", "d8:3a:dd", "dc:a6:32", "e4:5f:01"];

/**
 * dnsmasq's configuration: no DNS; iPXE gets Farrier's first script, other firmware gets iPXE for its architecture,
 * from option 93, or from option 60 if it sends nothing else. Pure.
 */
export function dnsmasqConfig(settings: DnsmasqSettings): string {
  const { dhcp, programs } = settings;
  const architectures = [...new Set(programs.flatMap((program) => program.architectures))];
  const lines = [
    "# Made by farrier at each start: changes are lost.",
    "port=0",
    `interface=${dhcp.interface}`,
    "bind-interfaces",
    `dhcp-leasefile=${settings.leaseFile}`,
    `pid-file=${settings.pidFile}`,
    "log-dhcp",
    "enable-tftp",
    `tftp-root=${settings.tftpRoot}`,
    // iPXE identifies itself twice: by its user class, and by an option of its own.
    "dhcp-userclass=set:ipxe,iPXE",
    "dhcp-match=set:ipxe,175",
    "dhcp-match=set:told,option:client-arch",
    ...architectures.map((number) => `dhcp-match=set:arch-${number},option:client-arch,${number}`),
    ...programs.flatMap(({ architectures: numbers, over }) =>
      numbers.flatMap((number) => [
        `dhcp-vendorclass=set:class-${number},${over === "http" ? "HTTPClient" : "PXEClient"}:Arch:${fiveDigits(number)}`,
        `tag-if=set:start-${number},tag:!ipxe,tag:arch-${number}${noPi(number)}`,
        `tag-if=set:alone-${number},tag:!ipxe,tag:!told,tag:class-${number}${noPi(number)}`,
      ]),
    ),
    ...piUuids.map((start) => `dhcp-match=set:pi,97,${start}`),
    ...piAddresses.map((start) => `dhcp-mac=set:pi,${start}:*:*:*`),
    ...(dhcp.mode.kind === "range" ? rangeLines(settings, dhcp.mode) : proxyLines(settings)),
  ];
  return `${lines.join("\n")}\n`;
}

/** Only the ROM is excluded: a Pi with UEFI reports arm64. */
const noPi = (architecture: number): string => (architecture === 0 ? ",tag:!pi" : "");
/** As in option 60: "PXEClient:Arch:00007:UNDI:003016" (PXE 2.1, 2.2.3). */
const fiveDigits = (number: number): string => String(number).padStart(5, "0");

function rangeLines(
  { dhcp: { router, dns }, own, url, programs }: DnsmasqSettings,
  { first, last }: { first: string; last: string },
): string[] {
  return [
    `dhcp-range=${first},${last},${own.netmask},12h`,
    "dhcp-authoritative",
    // By default dnsmasq would announce this host as router.
    `dhcp-option=option:router${router === undefined ? "" : `,${router}`}`,
    ...(dns === undefined ? [] : [`dhcp-option=option:dns-server,${dns}`]),
    `dhcp-boot=tag:ipxe,${url}/boot.ipxe`,
    ...programs.flatMap(({ architectures, file, over }) =>
      architectures.flatMap((number) =>
        [`start-${number}`, `alone-${number}`].flatMap((tag) =>
          over === "tftp"
            ? [`dhcp-boot=tag:${tag},${file},,${own.address}`]
            : [
                `dhcp-boot=tag:${tag},${file}`,
                // Firmware that boots over HTTP accepts no answer without it (UEFI 2.10, 24.7.3.1).
                `dhcp-option-force=tag:${tag},option:vendor-class,HTTPClient`,
              ],
        ),
      ),
    ),
  ];
}

/**
 * Answers only clients for which there is a program, because an offer without a file keeps firmware from other servers.
 * Firmware that boots over HTTP does not accept answers from two servers, so it gets none. Firmware that names its
 * architecture in option 60 only gets none either: as a proxy dnsmasq answers only clients with option 93.
 */
function proxyLines({ own, url, programs }: DnsmasqSettings): string[] {
  const sent = programs
    .filter(({ over }) => over === "tftp")
    .flatMap(({ architectures, file }) => architectures.map((number) => ({ number, file })));
  return [
    "tag-if=set:ours,tag:ipxe",
    ...sent.map(({ number }) => `tag-if=set:ours,tag:start-${number}`),
    `dhcp-range=tag:ours,${interfaceNetwork(own)},proxy,${own.netmask}`,
    `dhcp-boot=tag:ipxe,${url}/boot.ipxe`,
    ...sent.map(
      ({ number, file }) => `pxe-service=tag:!ipxe${noPi(number)},${number},"Farrier",${file},${own.address}`,
    ),
  ];
}
