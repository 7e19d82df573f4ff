import { parseHostPort, type HostPort } from "../../lib/net/host-port.ts";

/** The address of network boot, by default. */
export const netbootDefault = "127.0.0.1:8081";

/** @throws {RangeError} */
export function parseNetboot(value: string): HostPort | "off" {
  return value === "off" ? value : parseHostPort(value);
}
