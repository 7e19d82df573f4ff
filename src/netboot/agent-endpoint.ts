import { formatHostPort, parseHostPort, type HostPort } from "../lib/net/host-port.ts";

/** How agents reach the agent API: as configured; or on that port of the host that they reach network boot by. */
export type AgentsAt = { endpoint: string } | { port: number };

/** The host that a caller reached this service by, from its Host header; undefined where that is none. Pure. */
export function hostReached(header: string | undefined): HostPort | undefined {
  const match = /^(?<host>\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9.-]{1,253})(?::(?<port>\d{1,5}))?$/u.exec(header ?? "");
  if (match?.groups === undefined) {
    return undefined;
  }
  try {
    return parseHostPort(`${match.groups["host"]}:${match.groups["port"] ?? "80"}`);
  } catch {
    // A port beyond 65535, or an address that is none.
    return undefined;
  }
}

/** What an agent is told to call. Pure. */
export function agentEndpoint(agents: AgentsAt, reached: HostPort): string {
  return "endpoint" in agents ? agents.endpoint : formatHostPort({ host: reached.host, port: agents.port });
}
