import { connect } from "node:tls";

/** Milliseconds that a port has to show what it speaks. */
const patience = 2_000;

/**
 * True where a port speaks HTTP/2 over TLS and nothing else, as the port that agents call does: an operator port takes HTTP/1.1
 * too. Asked only after a call has failed; nothing secret is sent.
 */
export async function looksLikeAgentPort(url: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replaceAll(/[[\]]/gu, "");
  const number = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  return (await speaks(host, number, "h2")) && !(await speaks(host, number, "http/1.1"));
}

function speaks(host: string, port: number, protocol: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  // The certificate does not matter: only the protocol is looked at.
  const socket = connect({ host, port, ALPNProtocols: [protocol], rejectUnauthorized: false, timeout: patience });
  socket.on("secureConnect", () => resolve(socket.alpnProtocol === protocol));
  for (const end of ["error", "timeout", "close"]) {
    socket.on(end, () => resolve(false));
  }
  return promise.finally(() => socket.destroy());
}
