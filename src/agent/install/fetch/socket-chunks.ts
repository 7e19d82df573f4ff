import type { X509Certificate } from "node:crypto";
import { lookup as dnsLookup } from "node:dns";
import { connect as netConnect, isIP } from "node:net";
import type { LookupFunction, Socket } from "node:net";
import { connect as tlsConnect, getCACertificates } from "node:tls";
import { shownUrl } from "../../../lib/net/shown-url.ts";
import { AgentError } from "../../errors.ts";

/** What comes in on a connection, in pieces of up to a mebibyte: all that came while the one before was used. */
export interface SocketChunks {
  socket: Socket;
  /**
   * The next piece; undefined = the other end has no more. It is good only until the next is asked for: buffers are used
   * again. Only one may be asked for at a time.
   * @throws what the connection failed with
   */
  next: () => Promise<Buffer | undefined>;
  /** The server's certificate, once it has shown one, also where that is not to be trusted. */
  certificate: () => X509Certificate | undefined;
}

/** How a connection is made. */
export interface SocketOptions {
  /** PEM, of CAs that are taken beside the public ones. */
  certificates: string | undefined;
  /** Why an IP address may not be connected to; undefined = it may. */
  problem: (address: string) => string | undefined;
}

// Each piece is handed from thread to thread and through all steps: the fewer there are, the less that costs.
const bufferBytes = 1 << 20;
// One is being filled, one waits, one is with whoever asked.
const buffers = 3;
// What the kernel gives at once, at the least; a buffer with less room than that is full.
const readLeast = 128 << 10;

/** A buffer that is filled from its beginning on, and emptied in the same order. */
interface Filling {
  readonly buffer: Buffer;
  filled: number;
  taken: number;
}

/**
 * Connects to where a URL leads, and reads into buffers of its own: Node's streams would make each piece anew.
 * @throws {AgentError} `fetch_failed` where the URL's IP address may not be connected to
 */
export function socketOpen(url: URL, options: SocketOptions): SocketChunks {
  const make = (): Filling => ({ buffer: Buffer.allocUnsafeSlow(bufferBytes), filled: 0, taken: 0 });
  const free = Array.from({ length: buffers - 1 }, make);
  let filling = make();
  // With bytes that nobody has taken yet; `filling` is the last of them, or none of them.
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
        // The last free one is the next to be filled.
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
    // An intermediate CA that was given by itself vouches as well as its root.
    ...(certificates === undefined
      ? {}
      : { ca: [...getCACertificates("default"), certificates], allowPartialTrustChain: true }),
  });
  let certificate: X509Certificate | undefined;
  // Before Node looks at it: of one that is not trusted, nothing is left by the time of the error.
  socket.prependOnceListener("secure", () => {
    certificate = socket.getPeerX509Certificate();
  });
  return { socket, certificate: () => certificate };
}

/** Resolves names as Node does, to the addresses that may be connected to. Connecting to what was checked leaves no gap. */
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
