import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type DatabaseAddress, addressHosts } from "../../database/address/database-address.ts";
import { makeDirectory } from "../../lib/host/make-directory.ts";
import { temporaryName } from "../../lib/host/temporary-name.ts";
import { type AddressGuard, addressGuard, portOfUrl } from "../../lib/net/address-guard.ts";
import { formatHostPort, type HostPort, isLoopback, parseHostPort } from "../../lib/net/host-port.ts";
import { operatorAddressFile } from "../../operator-api/caller/operator-files.ts";

/** The file of the data directory with the address that the network boot of this host listens on, and a line feed. */
const netbootAddressFile = "netboot-address";
/** Where network boot listens unless it is told otherwise. */
const netbootPort = 8081;

/** Writes the address of network boot into the data directory, where the other processes of this host find it. */
export async function netbootAddressWrite(dataDir: string, address: HostPort): Promise<void> {
  await makeDirectory(dataDir);
  const path = join(dataDir, netbootAddressFile);
  const temporary = temporaryName(path);
  await writeFile(temporary, `${formatHostPort(address)}\n`, { mode: 0o644, flag: "wx" });
  await rename(temporary, path);
}

/**
 * The ports of this host that other processes of the control plane listen on: PostgreSQL's, network boot's, and the
 * operator API's. Nothing is fetched from them.
 */
export async function ownPorts(dataDir: string, database: DatabaseAddress): Promise<number[]> {
  const netboot = await fileLine(join(dataDir, netbootAddressFile));
  const operators = await operatorsOf(dataDir);
  return [
    ...addressHosts(database).map(({ port }) => port),
    netbootPort,
    ...(netboot === undefined ? [] : [portOf(netboot)]),
    ...(operators === undefined ? [] : [operators.port]),
  ];
}

/**
 * A guard for inventories: private addresses may be called, this host's loopback addresses only where the control plane
 * listens on one, and its own ports never.
 * @param known where the control plane listens; absent = where the data directory says
 */
export async function inventoryGuard(
  dataDir: string,
  database: DatabaseAddress,
  known?: readonly HostPort[],
): Promise<AddressGuard> {
  const operators = await operatorsOf(dataDir);
  const listening = known ?? (operators === undefined ? [] : [operators]);
  return addressGuard({
    privateAllowed: true,
    loopbackAllowed: listening.some(({ host }) => isLoopback(host)),
    ownPorts: [...(await ownPorts(dataDir, database)), ...listening.map(({ port }) => port)],
  });
}

/** Where the operator API of this data directory listens, or did last; undefined if none ever has. */
export async function operatorsOf(dataDir: string): Promise<HostPort | undefined> {
  const url = URL.parse((await fileLine(join(dataDir, operatorAddressFile))) ?? "");
  if (url === null) {
    return undefined;
  }
  return { host: url.hostname.replace(/^\[|\]$/gu, ""), port: portOfUrl(url) };
}

function portOf(line: string): number {
  try {
    return parseHostPort(line).port;
  } catch {
    // Not written by us.
    return netbootPort;
  }
}

async function fileLine(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    // Absent, or another user's: nothing is known then.
    return undefined;
  }
}
