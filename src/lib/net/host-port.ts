/** An address to listen on or to call. */
export interface HostPort {
  host: string;
  /** 0 to 65535; 0 means any free port. */
  port: number;
  /** Several processes of this host listen on it together (SO_REUSEPORT); the kernel distributes the connections. */
  shared?: boolean;
}

/**
 * Parses "host:port", "[v6]:port" or ":port" (all addresses).
 * @throws {RangeError} naming what was expected
 */
export function parseHostPort(text: string): HostPort {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[^:[\]\s]*)):(?<port>\d{1,5})$/u.exec(text);
  const port = Number(match?.groups?.["port"]);
  if (match?.groups === undefined || port > 65_535) {
    throw new RangeError(`"${text}" is not an address: expected HOST:PORT, such as 127.0.0.1:8443 or [::1]:8443`);
  }
  return { host: match.groups["v6"] ?? match.groups["name"] ?? "", port };
}

/** Formats the address as parseHostPort reads it. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True for addresses that only this host can reach. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/u.test(host);
}
