import { buildCommand } from "@stricli/core";
import { parseHostPort } from "../../lib/net/host-port.ts";
import type { NetbootFlags } from "../actions/netboot.ts";
import type { CliContext } from "../context.ts";
import { cacheFlags } from "../flags/cache.ts";
import { commonFlags } from "../flags/common.ts";
import { databaseFlag } from "../flags/database.ts";
import { docs } from "../line/docs.ts";
import { hostPortFlag, optionalFlag, switchFlag, textFlag } from "../flags/flag.ts";
import { netbootFlags } from "../flags/netboot.ts";

export const netbootCommand = buildCommand<NetbootFlags, [], CliContext>({
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
      ...databaseFlag,
      listen: hostPortFlag("Address that machines boot from", "127.0.0.1:8081"),
      agents: optionalFlag(
        "How agents reach the agent API (default: port 8443 of the host that they boot from)",
        "HOST:PORT",
        parseHostPort,
      ),
      tlsCa: textFlag("CA of the agent port's certificate, PEM (default: the data directory's own)", "FILE"),
      ...netbootFlags,
      cache: textFlag(
        "Keep a cache of images in this folder, or in oci://HOST/REPOSITORY, and serve it to machines",
        "DIR",
      ),
      ...cacheFlags,
      secretsKey: textFlag(
        "Key file of the control plane, a copy of a server's, for --cache (default: secrets-key in the data directory)",
        "FILE",
      ),
      dhcpInterface: textFlag("Run dnsmasq on this interface for DHCP and TFTP; needs root", "IF"),
      dhcpRange: textFlag("First and last address that DHCP gives out", "A,B"),
      proxyDhcp: switchFlag("Act as a DHCP proxy: give out no addresses, only what to boot"),
      dhcpRouter: textFlag("Router that DHCP announces (default: none)", "ADDRESS"),
      dhcpDns: textFlag("Name server that DHCP announces (default: none)", "ADDRESS"),
    },
  },
  loader: async () => (await import("../actions/netboot.ts")).netbootAction,
});
