import { parseServerName } from "../../lib/tls/names.ts";
import { CliError } from "../errors.ts";
import type { CameUpAddress, OperatorTlsFiles } from "../../main/options.ts";
import { parseHostPort, type HostPort } from "../../lib/net/host-port.ts";
import { hostPortFlag, optionalFlag, repeatedFlag, textFlag } from "./flag.ts";

/** Flags of the processes that serve agents and operators. */
export const listenFlags = {
  agents: hostPortFlag("Address of the agent port", "127.0.0.1:8443"),
  operators: hostPortFlag("Address of the operator port; TLS unless it is loopback", "127.0.0.1:8080"),
  cameUp: optionalFlag(
    "Address at which installed systems report that they came up (default: none)",
    "HOST:PORT",
    parseHostPort,
  ),
  cameUpName: optionalFlag(
    "How installed systems reach it (default: the first --server-name, or the address itself)",
    "HOST:PORT",
    parseHostPort,
  ),
  secretsKey: textFlag(
    "Key file that secrets are sealed by, the same on all hosts (default: made and kept in the data directory)",
    "FILE",
  ),
  serverName: repeatedFlag("Name or address by which agents reach this host; repeatable", "NAME"),
  operatorName: repeatedFlag(
    "Further name of the operator port, such as a proxy's; repeatable",
    "NAME",
    (value) => parseServerName(value).value,
  ),
  operatorTlsCert: textFlag(
    "Certificate of the operator port, PEM (default: made and kept in the data directory)",
    "FILE",
  ),
  operatorTlsKey: textFlag("Its private key, PEM", "FILE"),
  operatorCa: textFlag("CA of operators' client certificates (CN = name, OU = role), PEM", "FILE"),
} as const;

/** The flags among {@link listenFlags} that concern TLS on the operator port. */
export interface OperatorTlsFlags {
  operatorTlsCert: string | undefined;
  operatorTlsKey: string | undefined;
  operatorCa: string | undefined;
}

/** @throws {CliError} `usage` if only one of certificate and key is given */
export function operatorTlsFiles(flags: OperatorTlsFlags): OperatorTlsFiles {
  const { operatorTlsCert: certFile, operatorTlsKey: keyFile, operatorCa: clientCaFile } = flags;
  if (certFile !== undefined && keyFile !== undefined) {
    return { server: { certFile, keyFile }, clientCaFile };
  }
  if (certFile !== undefined || keyFile !== undefined) {
    throw new CliError("usage", "--operator-tls-cert and --operator-tls-key go together: give both, or none");
  }
  return { server: undefined, clientCaFile };
}

/** The flags among {@link listenFlags} about reports of installed systems. */
export interface CameUpFlags {
  cameUp: HostPort | undefined;
  cameUpName: HostPort | undefined;
}

/** @throws {CliError} `usage` for a name without an address */
export function cameUpAddress({ cameUp, cameUpName }: CameUpFlags): CameUpAddress | undefined {
  if (cameUp === undefined && cameUpName !== undefined) {
    throw new CliError("usage", "--came-up-name says how --came-up is reached: give --came-up HOST:PORT too");
  }
  if (cameUpName !== undefined && (cameUpName.host === "" || cameUpName.port === 0)) {
    throw new CliError(
      "usage",
      "--came-up-name has no host or port 0: expected HOST:PORT as installed systems reach it",
    );
  }
  return cameUp === undefined ? undefined : { listen: cameUp, reach: cameUpName };
}
