import { buildCommand } from "@stricli/core";
import { isLoopback, parseHostPort, type HostPort } from "../../lib/net/host-port.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import {
  commonFlags,
  dataDirectory,
  docs,
  hostPortFlag,
  listenFlags,
  netbootFlags,
  optionalFlag,
  switchFlag,
  textFlag,
  type CommonFlags,
} from "../line/flags.ts";
import type { NetbootDhcp } from "../starters.ts";

interface Flags extends CommonFlags {
  databaseUrl: string | undefined;
  listen: HostPort;
  agents: HostPort | undefined;
  tlsCa: string | undefined;
  bootImages: string | undefined;
  kernelArguments: string;
  dhcpInterface: string | undefined;
  dhcpRange: string | undefined;
  proxyDhcp: boolean | undefined;
  dhcpRouter: string | undefined;
  dhcpDns: string | undefined;
}

export const netbootCommand = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Serve network boot, on an existing PostgreSQL; run any number of copies",
    "Serves iPXE scripts, kernel and initramfs over HTTP. A machine boots the agent while it is not installed or " +
      "an installation is pending, nothing while it is in quarantine, and its own disk otherwise.",
    [
      "farrier netboot --database-url postgresql://farrier@db/farrier --listen 10.0.0.1:8081 --agents farrier.lab:8443",
      "farrier netboot --database-url postgresql://farrier@db/farrier --listen 0.0.0.0:8081 --tls-ca ca.pem",
      "farrier netboot --database-url postgresql://farrier@db/farrier --listen 0.0.0.0:8081 --dhcp-interface eno2 --proxy-dhcp",
    ],
  ),
  parameters: {
    flags: {
      ...commonFlags,
      databaseUrl: listenFlags.databaseUrl,
      listen: hostPortFlag("Address that machines boot from", "127.0.0.1:8081"),
      agents: optionalFlag(
        "How agents reach the agent API (default: port 8443 of the host that they boot from)",
        "HOST:PORT",
        parseHostPort,
      ),
      tlsCa: textFlag("CA of the agent port's certificate, PEM (default: the data directory's own)", "FILE"),
      ...netbootFlags,
      dhcpInterface: textFlag("Run dnsmasq on this interface for DHCP and TFTP; needs root", "IF"),
      dhcpRange: textFlag("First and last address that DHCP gives out", "A,B"),
      proxyDhcp: switchFlag("Act as a DHCP proxy: give out no addresses, only what to boot"),
      dhcpRouter: textFlag("Router that DHCP announces (default: none)", "ADDRESS"),
      dhcpDns: textFlag("Name server that DHCP announces (default: none)", "ADDRESS"),
    },
  },
  async func(flags) {
    const databaseUrl = flags.databaseUrl ?? (this.process.env["FARRIER_DATABASE_URL"] || undefined);
    if (databaseUrl === undefined) {
      throw new CliError(
        "usage",
        "no database is named: give --database-url URL or FARRIER_DATABASE_URL (`farrier up` brings its own)",
      );
    }
    this.process.exitCode = await this.starters.netboot({
      dataDir: dataDirectory(flags, this.process.env),
      debug: this.debug,
      databaseUrl,
      listen: flags.listen,
      bootImages: flags.bootImages,
      kernelArguments: flags.kernelArguments,
      agents: flags.agents,
      caFile: flags.tlsCa,
      dhcp: dhcpOf(flags),
    });
  },
});

/** @throws {CliError} `usage` if the flags contradict each other */
function dhcpOf(flags: Flags): NetbootDhcp | undefined {
  const { dhcpInterface, dhcpRange: range, proxyDhcp = false, dhcpRouter: router, dhcpDns: dns } = flags;
  if (dhcpInterface === undefined) {
    if (range !== undefined || proxyDhcp || router !== undefined || dns !== undefined) {
      throw new CliError("usage", "--dhcp-range, --proxy-dhcp, --dhcp-router and --dhcp-dns need --dhcp-interface IF");
    }
    return undefined;
  }
  if ((range === undefined) !== proxyDhcp) {
    throw new CliError(
      "usage",
      "--dhcp-interface needs one of --dhcp-range A,B (no other DHCP server is there) and --proxy-dhcp (one is)",
    );
  }
  if (isLoopback(flags.listen.host)) {
    throw new CliError(
      "usage",
      `machines on ${dhcpInterface} can't reach --listen ${flags.listen.host}: listen on 0.0.0.0`,
    );
  }
  return { interface: dhcpInterface, range, router, dns };
}
