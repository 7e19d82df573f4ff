import { formatHostPort, parseHostPort, type HostPort } from "../lib/net/host-port.ts";

/** How agents reach the agent API: as configured, or on that port of the host by which they reach network boot. */
export type AgentsAt = { endpoint: string } | { port: number };

/** The host in a request's Host header; undefined if it is not a host. Pure. */
export function hostReached(header: string | undefined): HostPort | undefined {
  const match = /^(?<host>\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9.-]{1,253})(?::(?<port>\d{1,5}))?$/u.exec(header ?? "");
  if (match?.groups === undefined) {
    return undefined;
  }
  try {
    return parseHostPort(`${match.groups["host"]}:${match.groups["port"] ?? "80"}`);
  } catch {
    // A port above 65535, or an invalid address.
    return undefined;
  }
}

/** The endpoint that an agent should call. Pure. */
export function agentEndpoint(agents: AgentsAt, reached: HostPort): string {
  return "endpoint" in agents ? agents.endpoint : formatHostPort({ host: reached.host, port: agents.port });
}
