import type { TLSSocket } from "node:tls";
import { byteaLiteral } from "../database/heartbeat-batch.ts";
import { agentKey, type AgentKey } from "../database/ids.ts";

/** Who is at the other end of a connection: proven by the handshake, not looked up yet. */
export interface Peer {
  key: AgentKey;
  /** The key as an element of an array literal; made once a connection. */
  keyLiteral: string;
}

/** The four addresses of a connection: the remote ones alone are ambiguous where several local ones are listened on. */
export interface Addresses {
  localAddress?: string | undefined;
  localPort?: number | undefined;
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
}

/** The peer whose Ed25519 key the handshake has proven; undefined without a certificate or with a key of another kind. */
export function peerOf(socket: TLSSocket): Peer | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined || certificate.publicKey.asymmetricKeyType !== "ed25519") {
    return undefined;
  }
  // RFC 8037: x is the key itself.
  const { x } = certificate.publicKey.export({ format: "jwk" });
  const key = agentKey(Buffer.from(x ?? "", "base64url"));
  return { key, keyLiteral: byteaLiteral(key) };
}

/** The peers of open connections, by their addresses. */
export interface Peers {
  add(addresses: Addresses, peer: Peer): void;
  remove(addresses: Addresses): void;
  find(addresses: Addresses): Peer | undefined;
}

/** Makes an empty one. */
export function createPeers(): Peers {
  const peers = new Map<string, Peer>();
  const name = (a: Addresses): string => `${a.remoteAddress} ${a.remotePort} ${a.localAddress} ${a.localPort}`;
  return {
    add: (addresses, peer) => peers.set(name(addresses), peer),
    remove: (addresses) => peers.delete(name(addresses)),
    find: (addresses) => peers.get(name(addresses)),
  };
}
