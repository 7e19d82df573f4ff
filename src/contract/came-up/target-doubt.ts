import { isLoopback } from "../../lib/net/host-port.ts";

/**
 * Why no installed system can report to this address, and what to do; undefined if nothing speaks against it. On an
 * installed system, a loopback address is the system itself. Pure.
 */
export function targetDoubt(url: string): string | undefined {
  const host = new URL(url).hostname.replaceAll(/[[\]]/gu, "");
  return isLoopback(host)
    ? `installed systems are told to report to ${url}, and there ${host} is the system itself: start the server with ` +
        "--came-up-name HOST:PORT, as installed systems reach it"
    : undefined;
}
