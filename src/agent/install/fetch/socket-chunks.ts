import { connect as netConnect, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as tlsConnect, getCACertificates } from "node:tls";

/** What comes in on a connection, in pieces of up to a mebibyte: all that came while the one before was used. */
export interface SocketChunks {
  socket: Socket;
  /**
   * The next piece; undefined = the other end has no more. It is good only until the next is asked for: buffers are used
   * again. Only one may be asked for at a time.
   * @throws what the connection failed with
   */
  next: () => Promise<Buffer | undefined>;
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
 * @param certificates of CAs that are taken beside the public ones, PEM
 */
export function socketOpen(url: URL, certificates: string | undefined): SocketChunks {
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
  const socket = connect(url, certificates, onread);
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
  return { socket, next };
}

function connect(
  url: URL,
  certificates: string | undefined,
  onread: { buffer: () => Buffer; callback: (length: number) => boolean },
): Socket {
  const host = url.hostname.replace(/^\[|\]$/gu, "");
  const where = { host, port: Number(url.port || (url.protocol === "https:" ? 443 : 80)), onread };
  if (url.protocol !== "https:") {
    return netConnect(where);
  }
  return tlsConnect({
    ...where,
    ALPNProtocols: ["http/1.1"],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(certificates === undefined ? {} : { ca: [...getCACertificates("default"), certificates] }),
  });
}
