/** The ports of a control plane that can be attacked. */
export type AttackedPort = "agents" | "operators" | "netboot";

/** One connection of an attacker, as an attack sees it. */
export interface AttackedConnection {
  /** From 0, within the attack. */
  readonly index: number;
  /** A stream of this connection that was not used yet. */
  readonly stream: () => number;
}

/** An attack: how many connections, and what goes over each. All of it is bounded by time and by the connections' own pace. */
export interface Attack {
  /** The case that it belongs to; "" = HTTP/2 and TLS floods. */
  id: string;
  what: string;
  port: AttackedPort;
  /** Open at a time; a closed connection is made again after `again` milliseconds (20 unless said). */
  connections: number;
  again?: number;
  /** Over TLS unless said otherwise. */
  clear?: boolean;
  /** The certificate that is shown: of a made-up key unless said otherwise; `enrolled` = of a machine's agent. */
  identity?: "none" | "enrolled";
  /** Whether answers are left unread. */
  deaf?: boolean;
  /** Whether HTTP/2's preface and empty SETTINGS come first; yes unless said otherwise. */
  http2?: boolean;
  /** Sent once, after the preface. */
  first?: (connection: AttackedConnection) => Uint8Array;
  /** Sent again and again, as fast as the connection takes it, or every `pace` milliseconds; undefined = hold it open. */
  next?: (connection: AttackedConnection) => Uint8Array;
  pace?: number;
  /** Whether the attacker closes the connection once what is to be sent first has left. */
  closes?: boolean;
}

/** What an attacker needs to know. */
export interface AttackTargets {
  ports: Record<AttackedPort, number>;
  /** PEM of an enrolled agent of a machine of its own, and the machine's id. */
  agent: { key: string; certificate: string; machineId: string };
}

/** What an attacker did. */
export interface AttackCount {
  /** Connections that were made, and those of them that the server ended. */
  connections: number;
  ended: number;
  bytes: number;
}
