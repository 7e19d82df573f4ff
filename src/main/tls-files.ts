import { hostname } from "node:os";
import { join } from "node:path";
import type { TlsFiles } from "../cli/starters.ts";
import type { HostPort } from "../lib/host-port.ts";
import { tlsFilesEnsure, tlsFilesRead } from "../lib/tls.ts";

/** The agent API's certificate, and the CA that agents are given to check it by. */
export interface AgentTls {
  caCertificateDer: Uint8Array;
  serverCertificatePem: string;
  serverKeyPem: string;
}

/** Reads the files that were given, or makes and keeps a CA and a certificate in the data directory. */
export async function tlsFiles(options: {
  dataDir: string;
  agents: HostPort;
  serverNames: readonly string[];
  tls: TlsFiles | undefined;
}): Promise<AgentTls> {
  if (options.tls !== undefined) {
    const { certFile, keyFile, caFile } = options.tls;
    return tlsFilesRead({ certificate: certFile, key: keyFile, ca: caFile });
  }
  const { host } = options.agents;
  const listened = host === "" || host === "0.0.0.0" || host === "::" ? [hostname()] : [host];
  return tlsFilesEnsure({
    directory: join(options.dataDir, "tls"),
    serverNames: [...new Set([...options.serverNames, ...listened])],
  });
}
