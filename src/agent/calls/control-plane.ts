import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import type { PeerCertificate } from "node:tls";
import { Client, credentials, status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescMethod, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import { AgentCallback } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { AgentService } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { WatchRequest, WatchResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { ed25519PrivateKeyPem } from "../../lib/tls/ed25519.ts";
import { parseHostPort } from "../../lib/net/host-port.ts";
import { selfSignedCertificate } from "../../lib/tls/self-signed.ts";
import type { AgentInit } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import { connectionTrouble, foreignAnswer, type ConnectionTarget } from "./connection-trouble.ts";
import { initCheck } from "./init-file.ts";

/** The result of a call. Only `ok` means that the control plane has accepted the message. */
export type CallOutcome<Response> =
  | { kind: "ok"; response: Response }
  /**
   * Unreachable or not ready. Retry the same call later: after `retryAfter` milliseconds if the server said so,
   * otherwise with backoff.
   */
  | { kind: "unavailable"; message: string; retryAfter?: number }
  /** The key is not, or no longer, the key of the machine's agent. */
  | { kind: "unauthenticated"; message: string }
  /** The message's content was refused. */
  | { kind: "invalid"; message: string }
  /** The server can't handle this call at all. */
  | { kind: "fatal"; message: string };

/** A unary method of the contract on the agent's side. Never throws; an aborted signal gives `unavailable`. */
type Call<Method extends DescMethodUnary> = (
  request: MessageShape<Method["input"]>,
  signal: AbortSignal,
) => Promise<CallOutcome<MessageShape<Method["output"]>>>;

/** The agent's client of the control plane. */
export interface ControlPlaneClient extends Disposable {
  heartbeat: Call<typeof AgentCallback.method.heartbeat>;
  reportProgress: Call<typeof AgentService.method.reportProgress>;
  reportLog: Call<typeof AgentService.method.reportLog>;
  /** Resolves to how the stream ended; an aborted signal ends it. Never throws, unless `onMessage` does. */
  watch(
    request: WatchRequest,
    signal: AbortSignal,
    onMessage: (message: WatchResponse) => void,
  ): Promise<CallOutcome<void>>;
}

// Well below the heartbeat interval, so that a call that hangs does not delay the next heartbeat.
const callDeadlineMilliseconds = 20_000;

/** The metadata key by which an overloaded server says after how many milliseconds to retry (gRPC proposal A6). */
const pushback = "grpc-retry-pushback-ms";

/** Bytes of an answer, far above what a control plane sends. */
const largestAnswer = 4 << 20;

const channelOptions = {
  // A vanished peer is noticed while a call waits, before the call's deadline.
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  // The heartbeat loop decides when to retry; the channel must not wait longer by itself.
  "grpc.initial_reconnect_backoff_ms": 200,
  "grpc.min_reconnect_backoff_ms": 200,
  "grpc.max_reconnect_backoff_ms": 2_000,
  "grpc.enable_retries": 0,
  "grpc.max_receive_message_length": largestAnswer,
  // The init file says where the control plane is; proxy variables of the environment must not change that.
  "grpc.enable_http_proxy": 0,
} as const;

/**
 * Connects (lazily) to the control plane named in `init` over mutual TLS. The agent presents its self-signed
 * certificate. The server's certificate must come from `ca_certificate`, or from the system's roots if that is empty,
 * and must have the endpoint's name.
 * @throws {AgentError} `init_invalid`
 */
export function controlPlaneConnect(
  init: AgentInit,
  deadlineMilliseconds: number = callDeadlineMilliseconds,
): ControlPlaneClient {
  initCheck(init);
  const { bmaasEndpoint: endpoint, caCertificate, machineId } = init.takeoverInit;
  const connection = connect({ endpoint, caCertificate, privateKey: init.privateKey, commonName: machineId });
  return {
    heartbeat: unary(connection, AgentCallback.method.heartbeat, deadlineMilliseconds),
    reportProgress: unary(connection, AgentService.method.reportProgress, deadlineMilliseconds),
    reportLog: unary(connection, AgentService.method.reportLog, deadlineMilliseconds),
    watch: (request, signal, onMessage) => watch(connection, request, signal, onMessage),
    [Symbol.dispose]: () => connection.client.close(),
  };
}

/** The calls of an agent that is not registered yet. */
export interface EnrollmentClient extends Disposable {
  enroll: Call<typeof AgentService.method.enroll>;
}

/** The control plane's address, and the key to present. */
export interface EnrollmentTarget {
  /** "HOST:PORT". */
  endpoint: string;
  /** DER; empty means the system's roots. */
  caCertificate: Uint8Array;
  /** 64 bytes: seed, then public key. */
  privateKey: Uint8Array;
}

/** Connects (lazily) like {@link controlPlaneConnect}, with a key that the control plane may not know yet. */
export function enrollmentConnect(target: EnrollmentTarget): EnrollmentClient {
  const connection = connect({ ...target, commonName: "enrolling" });
  return {
    enroll: unary(connection, AgentService.method.enroll, callDeadlineMilliseconds),
    [Symbol.dispose]: () => connection.client.close(),
  };
}

/** A gRPC client, and what its failures name. */
interface Connection {
  client: Client;
  target: ConnectionTarget;
}

function connect(target: EnrollmentTarget & { commonName: string }): Connection {
  const { endpoint, caCertificate, privateKey, commonName } = target;
  const roots = caCertificate.length === 0 ? null : Buffer.from(certificatePem(caCertificate));
  const key = Buffer.from(ed25519PrivateKeyPem(privateKey));
  const certificate = Buffer.from(selfSignedCertificate(privateKey, commonName));
  const { host } = parseHostPort(endpoint);
  const verify = { checkServerIdentity: (_shown: string, peer: PeerCertificate) => checkServerIdentity(host, peer) };
  const client = new Client(endpoint, credentials.createSsl(roots, key, certificate, verify), {
    ...channelOptions,
    // For an IP address the library would use it as TLS server name, which must be a host name (RFC 6066, 3) and which
    // Node refuses.
    ...(isIP(host) === 0 ? {} : { "grpc.ssl_target_name_override": "control-plane.invalid" }),
  });
  return { client, target: { endpoint, ownCa: roots !== null } };
}

function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/gu) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** A method's path, and the serialisation of its messages. */
function coding<Method extends DescMethod>(
  method: Method,
): {
  path: string;
  serialize: (request: MessageShape<Method["input"]>) => Buffer;
  deserialize: (bytes: Buffer) => MessageShape<Method["output"]>;
} {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    serialize: (request) => {
      const { buffer, byteOffset, byteLength } = toBinary<Method["input"]>(method.input, request);
      return Buffer.from(buffer, byteOffset, byteLength);
    },
    deserialize: (bytes) => fromBinary<Method["output"]>(method.output, bytes),
  };
}

const stopping = { kind: "unavailable", message: "the agent is stopping" } as const;

function unary<Method extends DescMethodUnary>(
  { client, target }: Connection,
  method: Method,
  milliseconds: number,
): Call<Method> {
  const { path, serialize, deserialize } = coding(method);
  return (request, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve(stopping);
        return;
      }
      const deadline = new Date(Date.now() + milliseconds);
      const call = client.makeUnaryRequest(path, serialize, deserialize, request, { deadline }, (error, response) => {
        signal.removeEventListener("abort", cancel);
        resolve(response === undefined || error !== null ? failure(error, target) : { kind: "ok", response });
      });
      const cancel = (): void => call.cancel();
      signal.addEventListener("abort", cancel, { once: true });
    });
}

function watch(
  { client, target }: Connection,
  request: WatchRequest,
  signal: AbortSignal,
  onMessage: (message: WatchResponse) => void,
): Promise<CallOutcome<void>> {
  const { path, serialize, deserialize } = coding(AgentService.method.watch);
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(stopping);
      return;
    }
    const call = client.makeServerStreamRequest(path, serialize, deserialize, request);
    const cancel = (): void => call.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    call.on("data", onMessage);
    call.on("error", () => undefined); // "status" reports it too, and always arrives.
    call.on("status", (ended) => {
      signal.removeEventListener("abort", cancel);
      resolve(ended.code === status.OK ? { kind: "ok", response: undefined } : failure(ended, target));
    });
  });
}

/**
 * The meaning of a gRPC status for an agent. Statuses that a proxy or an overloaded server may send count as
 * unavailable: only a control plane's own word may end an installation.
 */
export function failure(
  error: (Pick<ServiceError, "code" | "details"> & Partial<Pick<ServiceError, "metadata">>) | null,
  target: ConnectionTarget,
): CallOutcome<never> {
  const details = error?.details ?? "";
  const elsewhere = connectionTrouble(details, target, new Date()) ?? foreignAnswer(details, target, largestAnswer);
  if (elsewhere !== undefined) {
    return { kind: "unavailable", message: elsewhere };
  }
  const message = error === null ? "no answer" : `${status[error.code]}: ${error.details}`;
  switch (error?.code) {
    case status.UNAUTHENTICATED:
      return { kind: "unauthenticated", message };
    case status.INVALID_ARGUMENT:
    case status.OUT_OF_RANGE:
    case status.FAILED_PRECONDITION:
      return { kind: "invalid", message };
    case status.RESOURCE_EXHAUSTED:
      // The server uses this status both for a message over its size limit and for too many calls.
      return /larger than max|too large|message size/iu.test(message)
        ? { kind: "invalid", message }
        : { kind: "unavailable", message, ...retryAfterOf(error) };
    case status.UNIMPLEMENTED:
      return { kind: "fatal", message };
    default:
      return { kind: "unavailable", message, ...retryAfterOf(error) };
  }
}

/** What the server says about when to retry; nothing for no positive number of milliseconds. */
function retryAfterOf(error: Partial<Pick<ServiceError, "metadata">> | null): { retryAfter?: number } {
  const text = String(error?.metadata?.get(pushback)[0] ?? "");
  return /^[1-9]\d{0,9}$/u.test(text) ? { retryAfter: Number(text) } : {};
}
