import { hostname } from "node:os";
import { join } from "node:path";
import type { OperatorTlsFiles } from "../options.ts";
import type { AgentTlsFiles, CameUpAddress } from "../options.ts";
import { isLoopback, type HostPort } from "../../lib/net/host-port.ts";
import { tlsFilesEnsure, tlsFilesRead, type TlsCredentials as TlsMaterial } from "../../lib/tls/credentials.ts";
import { checkTime } from "../../lib/tls/chain.ts";
import { parseCertificates, readPem } from "../../lib/tls/pem.ts";
import type { OperatorTls } from "../../operator-api/listener/listener.ts";

/** The agent port's certificate, and the CA that agents verify it with. */
export interface AgentTls {
  caCertificateDer: Uint8Array;
  serverCertificatePem: string;
  serverKeyPem: string;
}

/** Reads the given files, or creates a CA and a certificate in the data directory. */
export async function tlsFiles(options: {
  dataDir: string;
  agents: HostPort;
  operators: HostPort;
  cameUp?: CameUpAddress | undefined;
  serverNames: readonly string[];
  otherNames?: readonly string[];
  tls: AgentTlsFiles | undefined;
}): Promise<AgentTls> {
  if (options.tls !== undefined) {
    const { certFile, keyFile, caFile } = options.tls;
    return tlsFilesRead({ certificate: certFile, key: keyFile, ca: caFile });
  }
  return ownTls(options);
}

/** The TLS configuration of the operator port; undefined means clear text, which is allowed on loopback only. */
export async function operatorTls(options: {
  dataDir: string;
  agents: HostPort;
  operators: HostPort;
  cameUp?: CameUpAddress | undefined;
  serverNames: readonly string[];
  otherNames?: readonly string[];
  operatorTls: OperatorTlsFiles;
}): Promise<OperatorTls | undefined> {
  const { server, clientCaFile } = options.operatorTls;
  if (server === undefined && clientCaFile === undefined && isLoopback(options.operators.host)) {
    return undefined;
  }
  const files =
    server === undefined
      ? await ownTls(options)
      : await tlsFilesRead({ certificate: server.certFile, key: server.keyFile });
  return {
    certificatePem: files.serverCertificatePem,
    keyPem: files.serverKeyPem,
    ...(clientCaFile === undefined ? {} : { clientCaPem: await certificatesPem(clientCaFile) }),
  };
}

/** One certificate for both ports, from the data directory's own CA. */
async function ownTls(options: {
  dataDir: string;
  agents: HostPort;
  operators: HostPort;
  cameUp?: CameUpAddress | undefined;
  serverNames: readonly string[];
  otherNames?: readonly string[];
}): Promise<TlsMaterial> {
  const { cameUp } = options;
  const reports =
    cameUp === undefined ? [] : [cameUp.listen.host, ...(cameUp.reach === undefined ? [] : [cameUp.reach.host])];
  const listened = [options.agents.host, options.operators.host, ...reports].map((host) =>
    host === "" || host === "0.0.0.0" || host === "::" ? hostname() : host,
  );
  return tlsFilesEnsure({
    directory: join(options.dataDir, "tls"),
    serverNames: [...new Set([...options.serverNames, ...listened, ...(options.otherNames ?? [])])],
  });
}

/** @throws {TlsError} `unreadable`, `malformed`, `expired` */
async function certificatesPem(path: string): Promise<string> {
  const certificates = parseCertificates(await readPem(path), path);
  checkTime(certificates, path);
  return certificates.map(String).join("");
}
