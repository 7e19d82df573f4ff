import { randomBytes } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { keyIdentity, type KeyIdentity } from "../../database/heartbeat/key-identity.ts";
import { agentKey, type AgentKey, type MachineId } from "../../database/ids.ts";

/** The other end of a connection: its key is proven by the handshake, but not looked up yet. */
export interface Peer {
  key: AgentKey;
  /** Equal for equal keys; made once per connection. */
  keyIdentity: KeyIdentity;
  /** Must be called when the database has found the key to be a machine's: the connection then keeps its place. */
  admitted?: () => void;
  /** Must be called when the key is no machine's any more: the connection counts as a stranger's, and is closed soon. */
  disowned?: () => void;
  /** Must be called when the key can't be looked up for lack of a database: the connection then may wait for it. */
  undecided?: () => void;
  /** Tells this connection from others with the same key, on any server. */
  connection: bigint;
  /** State of known-callers.ts, kept here because it is needed for every call. */
  known?: KnownMachines;
  /** State of pace.ts, kept here for the same reason. */
  paced?: object;
}

/** The machines as whose agent a connection was recently authenticated; times in milliseconds of the monotonic clock. */
export interface KnownMachines {
  /** Until when the connection counts as authenticated as any machine's agent. */
  until: number;
  /** Until when it counts as authenticated, by machine; the oldest entry first. */
  machines: Map<MachineId, number>;
  /** Until when no further machine can be remembered. */
  fullUntil: number;
}

/** Both ends' addresses and ports. The remote ones alone are ambiguous if the server listens on several addresses. */
export interface Addresses {
  localAddress?: string | undefined;
  localPort?: number | undefined;
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
}

/**
 * The peer whose Ed25519 key the handshake has proven; undefined without a certificate, or with a key of another type.
 */
export function peerOf(socket: TLSSocket): Peer | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined || certificate.publicKey.asymmetricKeyType !== "ed25519") {
    return undefined;
  }
  // RFC 8037: x is the key itself.
  const { x } = certificate.publicKey.export({ format: "jwk" });
  // In memory of its own: a slice of Buffer's pool would keep 64 KB alive as long as the connection.
  const key = agentKey(Uint8Array.from(Buffer.from(x ?? "", "base64url")));
  return { key, keyIdentity: keyIdentity(key), connection: randomBytes(8).readBigInt64BE() };
}

/** The peers of open connections, by their addresses. */
export interface Peers {
  add(addresses: Addresses, peer: Peer): void;
  remove(addresses: Addresses): void;
  find(addresses: Addresses): Peer | undefined;
}

/** Starts empty. */
export function createPeers(): Peers {
  // Indexed by the remote port first, because it is looked up for every call, and building a string of all four would
  // cost more.
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
    find: (addresses) => {
      for (const known of byPort.get(addresses.remotePort) ?? []) {
        if (same(known.addresses, addresses)) {
          return known.peer;
        }
      }
      return undefined;
    },
  };
}
