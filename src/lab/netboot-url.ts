import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../lib/host/atomic-file.ts";
import { formatHostPort, type HostPort, isLoopback } from "../lib/net/host-port.ts";
import { makeDirectory } from "../lib/host/make-directory.ts";

/** How this host is reached from within a machine with QEMU's user networking: its loopback too. */
const hostSeenFromGuest = "10.0.2.2";
/** Where netboot listens where nothing else is said. */
const defaultPort = 8081;

const file = (directory: string): string => join(directory, ".netboot-url");

/** What a lab machine's firmware fetches from a netboot that listens there. */
export function netbootUrlOf({ host, port }: HostPort): string {
  const own = isLoopback(host) || host === "" || host === "0.0.0.0" || host === "::";
  return `http://${formatHostPort({ host: own ? hostSeenFromGuest : host, port })}/boot.ipxe`;
}

/** Notes it down for the command line, which switches machines on beside the control plane. */
export async function netbootUrlWrite(directory: string, url: string): Promise<void> {
  await makeDirectory(directory);
  await writeFileAtomic(file(directory), `${url}\n`, { mode: 0o600 });
}

/** What was noted down last, or the default. */
export async function netbootUrlRead(directory: string): Promise<string> {
  return readFile(file(directory), "utf8").then(
    (text) => text.trim(),
    () => netbootUrlOf({ host: "127.0.0.1", port: defaultPort }),
  );
}
