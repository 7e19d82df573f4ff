import { connect as netConnect, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as tlsConnect, getCACertificates } from "node:tls";

/** What comes in on a connection, in pieces of up to a quarter of a mebibyte. */
export interface SocketChunks {
  socket: Socket;
  /**
   * The next piece; undefined = the other end has no more. It is good only until the next is asked for: buffers are used
   * again. Only one may be asked for at a time.
   * @throws what the connection failed with
   */
  next: () => Promise<Buffer | undefined>;
}

// A sixth of the processor time that Node's own streams take, which make each 64 KiB anew. Larger ones were no quicker, and slower on a busy
// machine.
const bufferBytes = 256 << 10;
// One is being filled, one waits, one is with whoever asked.
const buffers = 3;

/**
 * Connects to where a URL leads, and reads into buffers of its own: Node's streams would make each piece anew.
 * @param certificates of CAs that are taken beside the public ones, PEM
 */
export function socketOpen(url: URL, certificates: string | undefined): SocketChunks {
  const free: Buffer[] = Array.from({ length: buffers }, () => Buffer.allocUnsafeSlow(bufferBytes));
  const waiting: { buffer: Buffer; length: number }[] = [];
  let filling: Buffer = Buffer.alloc(0);
  let lent: Buffer | undefined;
  let paused = false;
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => {};
  const onread = {
    buffer: (): Buffer => {
      filling = free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
      return filling;
    },
    callback: (length: number): boolean => {
      waiting.push({ buffer: filling, length });
      wake();
      // The last free one is the next to be filled.
      paused = free.length <= 1;
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
    if (lent !== undefined) {
      free.push(lent);
      lent = undefined;
      if (paused) {
        paused = false;
        socket.resume();
      }
    }
    while (waiting.length === 0 && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const came = waiting.shift();
    if (came === undefined && failure !== undefined) {
      throw failure;
    }
    lent = came?.buffer;
    return came?.buffer.subarray(0, came.length);
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
