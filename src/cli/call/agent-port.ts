import { connect } from "node:tls";

/** Milliseconds within which a port must show its protocol. */
const patience = 2_000;

/**
 * Returns true if a port speaks HTTP/2 over TLS and nothing else, as the agent port does. (An operator port accepts
 * HTTP/1.1 too.) Probed only after a call has failed; nothing secret is sent.
 */
export async function looksLikeAgentPort(url: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replaceAll(/[[\]]/gu, "");
  const number = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  return (await speaks(host, number, "h2")) && !(await speaks(host, number, "http/1.1"));
}

function speaks(host: string, port: number, protocol: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  // The certificate is irrelevant: only the negotiated protocol is read.
  const socket = connect({ host, port, ALPNProtocols: [protocol], rejectUnauthorized: false, timeout: patience });
  socket.on("secureConnect", () => resolve(socket.alpnProtocol === protocol));
  for (const end of ["error", "timeout", "close"]) {
    socket.on(end, () => resolve(false));
  }
  return promise.finally(() => socket.destroy());
}
