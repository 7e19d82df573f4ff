import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../lib/host/atomic-file.ts";
import { formatHostPort, type HostPort, isLoopback } from "../lib/net/host-port.ts";
import { makeDirectory } from "../lib/host/make-directory.ts";

/** The address of this host, including its loopback, inside a machine with QEMU's user networking. */
const hostSeenFromGuest = "10.0.2.2";
/** The default port of netboot. */
const defaultPort = 8081;

const file = (directory: string): string => join(directory, ".netboot-url");

/** The URL that a lab machine's firmware fetches from a netboot with that address. */
export function netbootUrlOf({ host, port }: HostPort): string {
  const own = isLoopback(host) || host === "" || host === "0.0.0.0" || host === "::";
  return `http://${formatHostPort({ host: own ? hostSeenFromGuest : host, port })}/boot.ipxe`;
}

/** Stores the URL for the command line, which switches machines on without the control plane. */
export async function netbootUrlWrite(directory: string, url: string): Promise<void> {
  await makeDirectory(directory);
  await writeFileAtomic(file(directory), `${url}\n`, { mode: 0o600 });
}

/** The stored URL, or the default. */
export async function netbootUrlRead(directory: string): Promise<string> {
  return readFile(file(directory), "utf8").then(
    (text) => text.trim(),
    () => netbootUrlOf({ host: "127.0.0.1", port: defaultPort }),
  );
}
