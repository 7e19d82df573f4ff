import type { X509Certificate } from "node:crypto";
import { lookup as dnsLookup } from "node:dns";
import { connect as netConnect, isIP } from "node:net";
import type { LookupFunction, Socket } from "node:net";
import { connect as tlsConnect, getCACertificates } from "node:tls";
import { shownUrl } from "../../../lib/net/shown-url.ts";
import { AgentError } from "../../errors.ts";

/**
 * The received bytes of a connection, in pieces of up to a mebibyte: everything that arrived while the previous piece
 * was in use.
 */
export interface SocketChunks {
  socket: Socket;
  /**
   * The next piece; undefined at the stream's end. It is valid only until the next is requested, because buffers are
   * reused. Only one request at a time.
   * @throws the connection's error
   */
  next: () => Promise<Buffer | undefined>;
  /** The server's certificate once it was presented, even if it is not trusted. */
  certificate: () => X509Certificate | undefined;
}

/** Options of a connection. */
export interface SocketOptions {
  /** PEM of CAs that are accepted in addition to the public ones. */
  certificates: string | undefined;
  /** Why an IP address may not be connected to; undefined if it may. */
  problem: (address: string) => string | undefined;
}

// Each piece passes from thread to thread and through all steps, so fewer and larger pieces cost less.
const bufferBytes = 1 << 20;
// One is being filled, one waits, one is in use.
const buffers = 3;
// Minimum that the kernel returns at once; a buffer with less room than that counts as full.
const readLeast = 128 << 10;

/** A buffer that is filled from its beginning, and emptied in the same order. */
interface Filling {
  readonly buffer: Buffer;
  filled: number;
  taken: number;
}

/**
 * Connects to a URL's server and reads into its own buffers, because Node's streams would allocate each piece.
 * @throws {AgentError} `fetch_failed` if the URL's IP address may not be connected to
 */
export function socketOpen(url: URL, options: SocketOptions): SocketChunks {
  const make = (): Filling => ({ buffer: Buffer.allocUnsafeSlow(bufferBytes), filled: 0, taken: 0 });
  const free = Array.from({ length: buffers - 1 }, make);
  let filling = make();
  // Buffers with bytes that were not taken yet; `filling` is the last of them, or not among them.
  const waiting: Filling[] = [];
  let lent: Filling | undefined;
  let paused = false;
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => {};
  const onread = {
    buffer: (): Buffer => filling.buffer.subarray(filling.filled),
    callback: (length: number): boolean => {
      if (waiting.at(-1) !== filling) {
        waiting.push(filling);
      }
      filling.filled += length;
      if (bufferBytes - filling.filled < readLeast) {
        filling = free.pop() ?? make();
        // The last free buffer is filled next.
        paused = free.length === 0;
      }
      wake();
      return !paused;
    },
  };
  const { socket, certificate } = connect(url, options, onread);
  const stop = (error?: Error): void => {
    failure ??= error;
    ended = true;
    wake();
  };
  socket.once("end", () => stop());
  socket.once("close", () => stop());
  socket.on("error", stop);
  const next = async (): Promise<Buffer | undefined> => {
    if (lent !== undefined && lent !== filling && lent.taken === lent.filled) {
      free.push(Object.assign(lent, { filled: 0, taken: 0 }));
      if (paused) {
        paused = false;
        socket.resume();
      }
    }
    lent = undefined;
    while (waiting.length === 0 && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const came = waiting.shift();
    if (came === undefined && failure !== undefined) {
      throw failure;
    }
    if (came === undefined) {
      return undefined;
    }
    lent = came;
    const piece = came.buffer.subarray(came.taken, came.filled);
    came.taken = came.filled;
    return piece;
  };
  return { socket, next, certificate };
}

function connect(
  url: URL,
  { certificates, problem }: SocketOptions,
  onread: { buffer: () => Buffer; callback: (length: number) => boolean },
): Pick<SocketChunks, "socket" | "certificate"> {
  const host = url.hostname.replace(/^\[|\]$/gu, "");
  const forbidden = isIP(host) === 0 ? undefined : problem(host);
  if (forbidden !== undefined) {
    throw notThere(url, forbidden);
  }
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const where = { host, port, onread, lookup: lookupAllowed(url, problem) };
  if (url.protocol !== "https:") {
    return { socket: netConnect(where), certificate: () => undefined };
  }
  const socket = tlsConnect({
    ...where,
    ALPNProtocols: ["http/1.1"],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    // An intermediate CA that was given alone is trusted like a root.
    ...(certificates === undefined
      ? {}
      : { ca: [...getCACertificates("default"), certificates], allowPartialTrustChain: true }),
  });
  let certificate: X509Certificate | undefined;
  // Before Node verifies it: an untrusted certificate is no longer available when the error is emitted.
  socket.prependOnceListener("secure", () => {
    certificate = socket.getPeerX509Certificate();
  });
  return { socket, certificate: () => certificate };
}

/**
 * Resolves names as Node does, to allowed addresses only. The checked address itself is connected to, so there is no
 * gap between check and use.
 */
function lookupAllowed(url: URL, problem: SocketOptions["problem"]): LookupFunction {
  return (name, options, callback) => {
    dnsLookup(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, "");
        return;
      }
      const allowed = addresses.filter(({ address }) => problem(address) === undefined);
      const [first] = allowed;
      if (first === undefined) {
        callback(notThere(url, problem(addresses[0]?.address ?? "") ?? "no address"), "");
      } else if (options.all === true) {
        callback(null, allowed);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

function notThere(url: URL, problem: string): AgentError {
  return new AgentError("fetch_failed", `${shownUrl(url)} leads to ${problem}`, { failure: "image-redirect" });
}
