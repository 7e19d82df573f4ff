import { constants } from "node:crypto";
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { Server, ServerCredentials, type UntypedHandleCall } from "@grpc/grpc-js";
import type { Clock } from "../../lib/clock.ts";
import { addressNetwork } from "../../lib/net/address-limit.ts";
import { byteLimit, type ByteWatch } from "../../lib/net/byte-limit.ts";
import { connectionShares, type ConnectionPlace } from "../../lib/net/connection-shares.ts";
import { CodedError, errorCode } from "../../lib/errors.ts";
import { listenWords } from "../../lib/net/listen-words.ts";
import { formatHostPort, type HostPort } from "../../lib/net/host-port.ts";
import type { Logger } from "../../lib/log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { agentCalls, type AgentCalls } from "../agent-call.ts";
import { healthPath } from "../methods/health.ts";
import { callBursts } from "./call-bursts.ts";
import { connectionStarts } from "./connection-starts.ts";
import { createHandshakes, underlyingSocket } from "../../lib/tls/handshakes.ts";
import { floodPause } from "./flood-pause.ts";
import { limits, type TimeLimits } from "../limits.ts";
import { createPeers, peerOf, type Addresses, type Peer } from "./peer.ts";
import type { RefusalLog } from "../refusal-log.ts";
import { unknownMethods } from "../admission/unknown-methods.ts";

/** Why the agent port could not be opened. */
export class ListenError extends CodedError<"address_in_use" | "address_refused"> {}

/** The open agent port. */
export interface AgentListener extends AsyncDisposable {
  /** The address with the port that was chosen if 0 was given. */
  address: HostPort;
}

/** A method by its full path, such as /cloud.bmaas.server.api.AgentCallback/Heartbeat; messages pass as bytes. */
export interface AgentMethod {
  path: string;
  kind: "unary" | "serverStream";
  handler: UntypedHandleCall;
}

/**
 * Connections that the kernel completes and holds until they are accepted (bounded by net.core.somaxconn). One is
 * accepted per turn of the event loop; clients that find no room retry after 1, 3 and 7 seconds.
 */
const backlog = 4_096;
/** Milliseconds that open calls may take to end when the listener closes. */
const drainTime = 5_000;
/** Milliseconds for an answer to leave before its connection is closed. */
const lastWords = 500;

/**
 * Opens the agent port. TLS is terminated here and not by the gRPC library, which shows a client certificate only if a
 * CA has issued it; agents' certificates are self-signed.
 * @throws {ListenError} naming the address and what to do
 */
export async function agentListen(options: {
  address: HostPort;
  certificate: { certificatePem: string; keyPem: string };
  methods: (calls: AgentCalls) => AgentMethod[];
  refusals: RefusalLog;
  metrics: Metrics;
  log: Logger;
  clock: Clock;
  maximumConnections?: number;
  times?: TimeLimits;
}): Promise<AgentListener> {
  const { log, metrics, refusals, times = limits } = options;
  const peers = createPeers();
  const sockets = new Set<TLSSocket>();
  const calls = agentCalls({
    peers,
    clock: options.clock,
    requestArrival: times.requestArrival,
    open: new Map([[healthPath, limits.openMessage]]),
    refused: () => {
      metrics.refusedCalls.inc({ listener: "agents" });
      refusals.record("call", undefined, "no certificate with an Ed25519 key");
    },
    late: ({ remoteAddress, remotePort }) => {
      for (const socket of sockets) {
        if (socket.remotePort === remotePort && socket.remoteAddress === remoteAddress) {
          setTimeout(() => socket.destroy(), lastWords);
        }
      }
    },
  });
  const grpc = new Server({
    "grpc.max_receive_message_length": limits.message,
    "grpc.max_concurrent_streams": limits.streamsOfStranger,
    "grpc.max_connection_idle_ms": limits.idleConnection,
    "grpc-node.max_session_memory": 10,
    "grpc.enable_channelz": 0,
    interceptors: [calls.interceptor],
  });
  const asBytes = (value: Buffer): Buffer => value;
  for (const { path, kind, handler } of options.methods(calls)) {
    grpc.register(path, handler, asBytes, kind === "unary" ? asBytes : ownBytes, kind);
  }
  unknownMethods(grpc);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const admitted = new WeakSet<Peer>();
  const bytes = byteLimit(limits.strangerBytes);
  const watches = new Map<string, ByteWatch>();
  const pauses = floodPause(options.clock, times.floodPause);
  const starts = connectionStarts(options.clock);
  const flooded = (caller: string): void => {
    pauses.note(caller);
    starts.flooded();
  };
  callBursts(grpc, {
    clock: options.clock,
    callerOf: (connection) => {
      const peer = peers.find(connection);
      const watch = watches.get(connectionName(connection));
      return {
        key: callerName(peer, connection),
        agent: () => peer !== undefined && admitted.has(peer),
        called: () => watch?.called(),
      };
    },
    flooded,
  });

  const tls = createServer({
    cert: options.certificate.certificatePem,
    key: options.certificate.keyPem,
    // Requested but not verified; only its key counts: see peerOf.
    requestCert: true,
    rejectUnauthorized: false,
    // Not ALPNProtocols, because node:tls keeps a copy of these per connection as a slice of Buffer's pool (see
    // ownBytes).
    ALPNCallback: ({ protocols }) => (protocols.includes("h2") ? "h2" : undefined),
    minVersion: "TLSv1.2",
    // A resumed session proves no key.
    secureOptions: constants.SSL_OP_NO_TICKET,
    handshakeTimeout: times.handshake,
  });
  const handshakes = createHandshakes({
    begin: (socket) => tls.emit("connection", socket),
    firstBytes: times.handshake,
    clock: options.clock,
    waiting: (count) => metrics.agentHandshakesWaiting.set(count),
  });
  const most = options.maximumConnections ?? 20_000;
  // Many machines may be behind one address, so one address may have half of all connections.
  const shares = connectionShares({ most, perAddress: Math.ceil(most / 2) });
  const places = new WeakMap<Socket, ConnectionPlace>();
  const tcp = createTcpServer({ noDelay: true }, (socket) => {
    places.set(socket, shares.enter(socket));
    handshakes.accept(socket);
  });
  tls.on("secureConnection", (socket) => {
    handshakes.done(underlyingSocket(socket));
    sockets.add(socket);
    metrics.agentConnections.set(sockets.size);
    // Copied, because a closed socket no longer knows its addresses.
    const addresses: Addresses = {
      localAddress: socket.localAddress,
      localPort: socket.localPort,
      remoteAddress: socket.remoteAddress,
      remotePort: socket.remotePort,
    };
    const peer = peerOf(socket);
    // Otherwise a stranger who never ends a call would keep its connection open for ever. A key alone proves nothing:
    // anybody can make one.
    let timer = setTimeout(() => socket.destroy(), times.strangerConnection);
    const caller = callerName(peer, addresses);
    const watch = bytes.watch(underlyingSocket(socket), () => {
      flooded(caller);
      socket.destroy();
    });
    watches.set(connectionName(addresses), watch);
    socket.once("close", () => {
      clearTimeout(timer);
      watch.end();
      watches.delete(connectionName(addresses));
    });
    if (peer !== undefined) {
      let place = places.get(underlyingSocket(socket));
      // A lookup that ends after the connection must not start a timer for it.
      socket.once("close", () => (place = undefined));
      peer.admitted = () => {
        // Called for each heartbeat.
        if (place !== undefined) {
          clearTimeout(timer);
          watch.end();
          place.proven();
          place = undefined;
          admitted.add(peer);
        }
      };
      peer.disowned = () => {
        if (admitted.delete(peer)) {
          // An agent whose key is accepted again makes another connection, and has an agent's rights there.
          timer = setTimeout(() => socket.destroy(), times.strangerConnection);
        }
      };
      // While the database is away nobody can be called a stranger, and an agent that had to reconnect for each heartbeat
      // would add a handshake to it. Such connections count towards the limit on strangers' connections.
      peer.undecided = () => {
        if (place !== undefined) {
          clearTimeout(timer);
          timer = setTimeout(() => socket.destroy(), times.undecidedConnection);
        }
      };
      peers.add(addresses, peer);
    }
    socket.on("close", () => {
      sockets.delete(socket);
      metrics.agentConnections.set(sockets.size);
      peers.remove(addresses);
    });
    // A reset concerns the peer only; without a listener it would end the process.
    socket.on("error", (error) => log.debug({ error: error.message }, "an agent's connection broke"));
    if (socket.alpnProtocol !== "h2") {
      socket.destroy();
      return;
    }
    let leave = starts.enter(underlyingSocket(socket), () => {
      const paused = pauses.enter(caller, () => injector.injectConnection(socket));
      if (paused === false) {
        socket.destroy();
      } else {
        leave = paused;
      }
    });
    socket.once("close", () => leave());
  });
  tls.on("tlsClientError", (error, socket) => {
    log.debug({ error: error.message }, "a TLS handshake failed");
    handshakes.done(underlyingSocket(socket));
    socket.destroy();
  });

  await listen(tcp, options.address);
  const bound = tcp.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : options.address.port;
  return {
    address: { host: options.address.host, port },
    [Symbol.asyncDispose]: async () => {
      calls[Symbol.dispose]();
      starts[Symbol.dispose]();
      pauses[Symbol.dispose]();
      bytes[Symbol.dispose]();
      const closed = new Promise((resolve) => {
        tcp.close(resolve);
      });
      handshakes[Symbol.dispose]();
      injector.drain(drainTime);
      await Promise.race([closed, options.clock.sleep(drainTime)]);
      for (const socket of sockets) {
        socket.destroy();
      }
      grpc.forceShutdown();
      await closed;
    },
  };
}

/**
 * Copies bytes that live as long as a stream into memory of their own. A slice of Buffer's pool keeps the pool's 64 KB
 * alive, and agents that connect one by one would each hold such a pool.
 */
function ownBytes(value: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(value.length);
  value.copy(own);
  return own;
}

function connectionName({ localAddress, localPort, remoteAddress, remotePort }: Addresses): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** Names the caller of a connection by its key, or by its address if it has none. */
function callerName(peer: Peer | undefined, { remoteAddress }: Addresses): string {
  return peer?.keyIdentity ?? `without a key, ${addressNetwork(remoteAddress ?? "")}`;
}

function listen(server: TcpServer, { host, port, shared = false }: HostPort): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(listenError({ host, port }, error)));
    server.listen({ host: host === "" ? "::" : host, port, reusePort: shared, backlog }, resolve);
  });
}

function listenError(address: HostPort, cause: Error): ListenError {
  return new ListenError(
    errorCode(cause) === "EADDRINUSE" ? "address_in_use" : "address_refused",
    `agents can't be served on ${formatHostPort(address)}: ${listenWords(cause)} with --agents HOST:PORT`,
    { cause },
  );
}
