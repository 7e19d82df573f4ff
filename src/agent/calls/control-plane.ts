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
import { initCheck } from "./init-file.ts";

/** What became of a call. Only `ok` says that the control plane has taken what was sent. */
export type CallOutcome<Response> =
  | { kind: "ok"; response: Response }
  /** Not reached, or not ready: the same call again, later; not before so many milliseconds where it said so. */
  | { kind: "unavailable"; message: string; retryAfter?: number }
  /** The key is not (or no longer) that of the machine's agent. */
  | { kind: "unauthenticated"; message: string }
  /** The message was refused for what is in it. */
  | { kind: "invalid"; message: string }
  /** The other end cannot do this at all. */
  | { kind: "fatal"; message: string };

/** A unary method of the contract, from the agent's side. Never throws; an aborted signal gives `unavailable`. */
type Call<Method extends DescMethodUnary> = (
  request: MessageShape<Method["input"]>,
  signal: AbortSignal,
) => Promise<CallOutcome<MessageShape<Method["output"]>>>;

/** The control plane as the agent sees it. */
export interface ControlPlaneClient extends Disposable {
  heartbeat: Call<typeof AgentCallback.method.heartbeat>;
  reportProgress: Call<typeof AgentService.method.reportProgress>;
  reportLog: Call<typeof AgentService.method.reportLog>;
  /** Resolves with how the stream ended; an aborted signal ends it. Never throws, unless `onMessage` does. */
  watch(
    request: WatchRequest,
    signal: AbortSignal,
    onMessage: (message: WatchResponse) => void,
  ): Promise<CallOutcome<void>>;
}

// Well under the interval of heartbeats, so that one that hangs does not cost the next.
const callDeadlineMilliseconds = 20_000;

/** Where a server that has too much to do says in how many milliseconds to come again (gRPC proposal A6). */
const pushback = "grpc-retry-pushback-ms";

const channelOptions = {
  // A connection whose other end vanished is noticed while a call waits on it, and before the call's deadline.
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  // The heartbeat's loop decides when to try again; the channel must not sit out a longer pause of its own.
  "grpc.initial_reconnect_backoff_ms": 200,
  "grpc.min_reconnect_backoff_ms": 200,
  "grpc.max_reconnect_backoff_ms": 2_000,
  "grpc.enable_retries": 0,
  // The init file says where the control plane is; an environment's proxy has no say.
  "grpc.enable_http_proxy": 0,
} as const;

/**
 * Connects (lazily) to the control plane named in `init` over mutual TLS: the agent shows its self-signed certificate;
 * the other end must be vouched for by `ca_certificate`, or by the system's roots where that is empty, and must have the
 * endpoint's name.
 * @throws {AgentError} `init_invalid`
 */
export function controlPlaneConnect(
  init: AgentInit,
  deadlineMilliseconds: number = callDeadlineMilliseconds,
): ControlPlaneClient {
  initCheck(init);
  const { bmaasEndpoint: endpoint, caCertificate, machineId } = init.takeoverInit;
  const client = clientConnect({ endpoint, caCertificate, privateKey: init.privateKey, commonName: machineId });
  return {
    heartbeat: unary(client, AgentCallback.method.heartbeat, deadlineMilliseconds),
    reportProgress: unary(client, AgentService.method.reportProgress, deadlineMilliseconds),
    reportLog: unary(client, AgentService.method.reportLog, deadlineMilliseconds),
    watch: (request, signal, onMessage) => watch(client, request, signal, onMessage),
    [Symbol.dispose]: () => client.close(),
  };
}

/** What an agent can ask of the control plane before it is known. */
export interface EnrollmentClient extends Disposable {
  enroll: Call<typeof AgentService.method.enroll>;
}

/** Where the control plane is, and the key that is shown to it. */
export interface EnrollmentTarget {
  /** host:port */
  endpoint: string;
  /** DER; empty = the system's roots. */
  caCertificate: Uint8Array;
  /** 64 bytes: seed, then public key. */
  privateKey: Uint8Array;
}

/** Connects (lazily) as {@link controlPlaneConnect} does, with a key that the control plane need not know yet. */
export function enrollmentConnect(target: EnrollmentTarget): EnrollmentClient {
  const client = clientConnect({ ...target, commonName: "enrolling" });
  return {
    enroll: unary(client, AgentService.method.enroll, callDeadlineMilliseconds),
    [Symbol.dispose]: () => client.close(),
  };
}

function clientConnect(target: EnrollmentTarget & { commonName: string }): Client {
  const { endpoint, caCertificate, privateKey, commonName } = target;
  const roots = caCertificate.length === 0 ? null : Buffer.from(certificatePem(caCertificate));
  const key = Buffer.from(ed25519PrivateKeyPem(privateKey));
  const certificate = Buffer.from(selfSignedCertificate(privateKey, commonName));
  const { host } = parseHostPort(endpoint);
  const verify = { checkServerIdentity: (_shown: string, peer: PeerCertificate) => checkServerIdentity(host, peer) };
  return new Client(endpoint, credentials.createSsl(roots, key, certificate, verify), {
    ...channelOptions,
    // The library would ask for an address by TLS's server name, which must be a name (RFC 6066, 3), and Node refuses to.
    ...(isIP(host) === 0 ? {} : { "grpc.ssl_target_name_override": "control-plane.invalid" }),
  });
}

function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/gu) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** A method's path and how its messages become bytes. */
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

function unary<Method extends DescMethodUnary>(client: Client, method: Method, milliseconds: number): Call<Method> {
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
        resolve(response === undefined || error !== null ? failure(error) : { kind: "ok", response });
      });
      const cancel = (): void => call.cancel();
      signal.addEventListener("abort", cancel, { once: true });
    });
}

function watch(
  client: Client,
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
    call.on("error", () => undefined); // "status" says it too, and comes in every case.
    call.on("status", (ended) => {
      signal.removeEventListener("abort", cancel);
      resolve(ended.code === status.OK ? { kind: "ok", response: undefined } : failure(ended));
    });
  });
}

/** What a gRPC status means to an agent. What a proxy or an overloaded server may answer counts as unavailable. */
export function failure(
  error: (Pick<ServiceError, "code" | "details"> & Partial<Pick<ServiceError, "metadata">>) | null,
): CallOutcome<never> {
  const message = error === null ? "no answer" : `${status[error.code]}: ${error.details}`;
  switch (error?.code) {
    case status.UNAUTHENTICATED:
      return { kind: "unauthenticated", message };
    case status.INVALID_ARGUMENT:
    case status.OUT_OF_RANGE:
    case status.FAILED_PRECONDITION:
      return { kind: "invalid", message };
    case status.RESOURCE_EXHAUSTED:
      // A message over the server's limit is refused with this status, and so is a call too many.
      return { kind: /larger than max|too large|message size/iu.test(message) ? "invalid" : "unavailable", message };
    case status.UNIMPLEMENTED:
      return { kind: "fatal", message };
    default: {
      const retryAfter = Number(error?.metadata?.get(pushback)[0] ?? Number.NaN);
      return { kind: "unavailable", message, ...(retryAfter > 0 ? { retryAfter } : {}) };
    }
  }
}
