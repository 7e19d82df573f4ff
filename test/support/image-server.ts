import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** An image that is served, and how. All may be changed while it is. */
export interface ServedImage {
  readonly url: string;
  /** Of the whole image, as `--digest` takes it. */
  readonly digest: string;
  readonly bytes: Buffer;
  /** After this number of bytes a fetch falls silent, until the number grows. */
  limit: number;
  /** Infinity = as fast as it goes. */
  bytesPerSecond: number;
  /** Fetches that are under way. */
  readonly open: number;
  /** The most fetches that were ever under way at once. */
  readonly mostOpen: number;
  /** Fetches so far. */
  readonly fetches: number;
  /** Bytes sent in the newest fetch. */
  readonly sent: number;
}

/** An HTTP server of images, well and badly behaved. */
export interface ImageServer extends AsyncDisposable {
  readonly url: string;
  /** Serves bytes at /NAME. */
  serve(name: string, bytes: Buffer, options?: { limit?: number; bytesPerSecond?: number }): ServedImage;
  /** Answers at /NAME as the listener does; returns the URL. */
  answer(name: string, listener: RequestListener): string;
}

const pieceBytes = 64 * 1024;

/** sha256:<hex>, as `--digest` takes it. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Listens on a free port of loopback. Unknown paths are answered with 404. */
export async function imageServer(): Promise<ImageServer> {
  const listeners = new Map<string, RequestListener>();
  const server = createServer((request, response) => {
    const listener = listeners.get((request.url ?? "").slice(1));
    if (listener === undefined) {
      response.writeHead(404).end("not here\n");
    } else {
      listener(request, response);
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const answer = (name: string, listener: RequestListener): string => {
    listeners.set(name, listener);
    return `${url}/${name}`;
  };
  return {
    url,
    answer,
    serve: (name, bytes, { limit = Number.POSITIVE_INFINITY, bytesPerSecond = Number.POSITIVE_INFINITY } = {}) => {
      const image = {
        ...{ url: `${url}/${name}`, digest: digestOf(bytes), bytes, limit, bytesPerSecond },
        ...{ open: 0, mostOpen: 0, fetches: 0, sent: 0 },
      };
      answer(name, (_request, response) => {
        image.fetches += 1;
        image.open += 1;
        image.mostOpen = Math.max(image.mostOpen, image.open);
        response.on("close", () => (image.open -= 1));
        void send(image, response);
      });
      return image;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

async function send(
  image: { bytes: Buffer; limit: number; bytesPerSecond: number; sent: number },
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, { "content-length": image.bytes.length, "content-type": "application/octet-stream" });
  response.flushHeaders();
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  image.sent = 0;
  for (let position = 0; position < image.bytes.length && !gone.signal.aborted;) {
    if (position >= image.limit) {
      await sleep(10);
      continue;
    }
    const piece = image.bytes.subarray(position, Math.min(position + pieceBytes, image.limit));
    position += piece.length;
    if (!response.write(piece)) {
      await once(response, "drain", { signal: gone.signal }).catch(() => undefined);
    }
    image.sent = position;
    if (Number.isFinite(image.bytesPerSecond)) {
      await sleep((piece.length * 1000) / image.bytesPerSecond);
    }
  }
  response.end();
}
