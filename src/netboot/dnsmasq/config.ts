import { networkOf, type DhcpOptions, type InterfaceAddress } from "./options.ts";
import type { BootProgram } from "./programs.ts";

/** What dnsmasq is configured by. */
export interface DnsmasqSettings {
  dhcp: DhcpOptions;
  own: InterfaceAddress;
  /** http://HOST:PORT of network boot. */
  url: string;
  /** A folder with the programs that are sent by TFTP. */
  tftpRoot: string;
  programs: readonly BootProgram[];
  leaseFile: string;
  pidFile: string;
}

/**
 * dnsmasq's configuration: no DNS; iPXE is sent to our first script, other firmware is given an iPXE of its architecture.
 * Pure.
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
    // iPXE says so twice: in its user class, and by an option of its own.
    "dhcp-userclass=set:ipxe,iPXE",
    "dhcp-match=set:ipxe,175",
    ...architectures.map((number) => `dhcp-match=set:arch-${number},option:client-arch,${number}`),
    ...(dhcp.mode.kind === "range" ? rangeLines(settings, dhcp.mode) : proxyLines(settings)),
  ];
  return `${lines.join("\n")}\n`;
}

function rangeLines(
  { dhcp: { router, dns }, own, url, programs }: DnsmasqSettings,
  { first, last }: { first: string; last: string },
): string[] {
  return [
    `dhcp-range=${first},${last},${own.netmask},12h`,
    "dhcp-authoritative",
    // By itself dnsmasq would call this host a router.
    `dhcp-option=option:router${router === undefined ? "" : `,${router}`}`,
    ...(dns === undefined ? [] : [`dhcp-option=option:dns-server,${dns}`]),
    `dhcp-boot=tag:ipxe,${url}/boot.ipxe`,
    ...programs.flatMap(({ architectures, file, over }) =>
      architectures.flatMap((number) =>
        over === "tftp"
          ? [`dhcp-boot=tag:!ipxe,tag:arch-${number},${file},,${own.address}`]
          : [
              `dhcp-boot=tag:!ipxe,tag:arch-${number},${file}`,
              // Firmware that boots over HTTP takes no answer without it (UEFI 2.10, 24.7.3.1).
              `dhcp-option-force=tag:!ipxe,tag:arch-${number},option:vendor-class,HTTPClient`,
            ],
      ),
    ),
  ];
}

/** Firmware that boots over HTTP does not take its answer from two servers: here it is left out. */
function proxyLines({ own, url, programs }: DnsmasqSettings): string[] {
  return [
    `dhcp-range=${networkOf(own)},proxy,${own.netmask}`,
    `dhcp-boot=tag:ipxe,${url}/boot.ipxe`,
    ...programs
      .filter(({ over }) => over === "tftp")
      .flatMap(({ architectures, file }) =>
        architectures.map((number) => `pxe-service=tag:!ipxe,${number},"Farrier",${file},${own.address}`),
      ),
  ];
}
