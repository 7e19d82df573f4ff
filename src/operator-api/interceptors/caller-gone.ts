import { Code, ConnectError } from "@connectrpc/connect";

/** What Node calls a write to, or a read from, a connection that the other side has left. */
const connectionCodes: ReadonlySet<string> = new Set([
  "ECANCELED",
  "ECONNRESET",
  "EPIPE",
  "ERR_HTTP2_INVALID_STREAM",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_WRITE_AFTER_END",
]);

/**
 * Whether a call failed only because its caller has left: by the end that the call's signal tells of, or by its
 * connection. A deadline that has passed is none of these. Pure.
 */
export function isCallerGone(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted || (error instanceof ConnectError && error.code === Code.DeadlineExceeded)) {
    return false;
  }
  return error === signal.reason || isConnectionGone(error);
}

/** Whether something failed because the other side of its connection has left. Pure. */
export function isConnectionGone(error: unknown): boolean {
  return causes(error).some((one) => isOfConnection(one));
}

function isOfConnection(error: Error): boolean {
  const code = "code" in error ? error.code : undefined;
  return error.name === "AbortError" || (typeof code === "string" && connectionCodes.has(code));
}

/** The error, what caused it, and so on; at most ten. */
function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let one = error; one instanceof Error && chain.length < 10; one = one.cause) {
    chain.push(one);
  }
  return chain;
}
