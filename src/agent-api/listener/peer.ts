import { randomBytes } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { byteaLiteral } from "../../database/heartbeat/heartbeat-batch.ts";
import { agentKey, type AgentKey } from "../../database/ids.ts";

/** Who is at the other end of a connection: proven by the handshake, not looked up yet. */
export interface Peer {
  key: AgentKey;
  /** The key as an element of an array literal; made once a connection. */
  keyLiteral: string;
  /** To be called when the database has found the key to be a machine's: its connection then keeps its place. */
  admitted?: () => void;
  /** Tells this connection from others of the same key, on any server. */
  connection: bigint;
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
  // In memory of its own: a piece of Buffer's pool would keep 64 KB alive for as long as the connection lasts.
  const key = agentKey(Uint8Array.from(Buffer.from(x ?? "", "base64url")));
  return { key, keyLiteral: byteaLiteral(key), connection: randomBytes(8).readBigInt64BE() };
}

/** The peers of open connections, by their addresses. */
export interface Peers {
  add(addresses: Addresses, peer: Peer): void;
  remove(addresses: Addresses): void;
  find(addresses: Addresses): Peer | undefined;
}

/** Makes an empty one. */
export function createPeers(): Peers {
  // By the remote port first: looked up for every call, and a string of all four would be made for every call.
  const byPort = new Map<number | undefined, { addresses: Addresses; peer: Peer }[]>();
  const same = (a: Addresses, b: Addresses): boolean =>
    a.remoteAddress === b.remoteAddress && a.localPort === b.localPort && a.localAddress === b.localAddress;
  return {
    add: (addresses, peer) => {
      const there = byPort.get(addresses.remotePort) ?? [];
      byPort.set(addresses.remotePort, [...there, { addresses, peer }]);
    },
    remove: (addresses) => {
      const left = (byPort.get(addresses.remotePort) ?? []).filter((known) => !same(known.addresses, addresses));
      if (left.length === 0) {
        byPort.delete(addresses.remotePort);
      } else {
        byPort.set(addresses.remotePort, left);
      }
    },
    find: (addresses) => byPort.get(addresses.remotePort)?.find((known) => same(known.addresses, addresses))?.peer,
  };
}
