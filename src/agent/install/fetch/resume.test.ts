import { randomBytes } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Phase } from "../../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { InstallRig } from "../../../../test/support/install-rig.ts";
import { digestOf, installRig } from "../../../../test/support/install-rig.ts";

const mebibyte = 1 << 20;
const image = randomBytes(11 * mebibyte + 777);

let rig: InstallRig;
let requests: IncomingMessage[];
beforeEach(async () => {
  rig = await installRig({ diskBytes: 24 * mebibyte });
  requests = [];
});
afterEach(() => rig[Symbol.asyncDispose]());

/** Serves `bytes` with ranges, and breaks the connection off whenever `piece` more bytes were sent. */
function breaking(
  bytes: Buffer,
  piece: number,
  options: { ranges: boolean; headers?: Record<string, string> },
): RequestListener {
  const headers = options.headers ?? { etag: '"v1"' };
  return (request, response) => {
    requests.push(request);
    const from = options.ranges ? Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? "")?.[1] ?? 0) : 0;
    const served = options.ranges
      ? Math.min(bytes.length, from + piece)
      : Math.min(bytes.length, requests.length * piece);
    const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from === 0 ? 200 : 206, {
      ...headers,
      "content-length": bytes.length - from,
      ...(from === 0 ? {} : range),
    });
    response.write(bytes.subarray(from, served), () => end(response, served === bytes.length));
  };
}

const end = (response: ServerResponse, whole: boolean): void => {
  if (whole) {
    response.end();
  } else {
    response.socket?.destroy();
  }
};
const quick = { limits: { tries: 2 } };
const holdsImage = async (): Promise<void> => {
  expect((await rig.read(0, image.length)).equals(image)).toBe(true);
};

describe("a connection that is lost", () => {
  test.each([
    ["ten times, by a server with ranges", true, (bytes: Buffer) => bytes],
    ["ten times, packed", true, (bytes: Buffer) => zstdCompressSync(bytes)],
    ["ten times, by a server without ranges", false, (bytes: Buffer) => bytes],
  ])("%s: the rest is fetched", async (_name, ranges, pack) => {
    const bytes = pack(image);
    rig.serve = breaking(bytes, Math.ceil(bytes.length / 10.5), { ranges });
    expect(await rig.install({ digest: digestOf(bytes), readBack: true }, quick)).toEqual({ kind: "success" });
    await holdsImage();
    expect(requests.length).toBeGreaterThanOrEqual(11);
    expect(requests[1]?.headers).toMatchObject({
      "if-range": '"v1"',
      range: expect.stringMatching(/^bytes=[1-9]\d*-$/u),
    });
    expect(rig.phases.filter((phase) => phase === Phase.WRITING)).toHaveLength(1);
  });

  test("with answers in between that pass: 503, no answer, 429 with a pause", async () => {
    const serve = breaking(image, 6 * mebibyte, { ranges: true });
    const others: RequestListener[] = [
      serve,
      (_request, response) => void response.writeHead(503).end(),
      (request) => void request.socket.destroy(),
      (_request, response) => void response.writeHead(429, { "retry-after": "0" }).end(),
    ];
    rig.serve = (request, response) => (others.shift() ?? serve)(request, response);
    expect(await rig.install({ digest: digestOf(image) }, { limits: { tries: 5 } })).toEqual({ kind: "success" });
    await holdsImage();
  });

  test("before the first byte, as long as there are tries", async () => {
    const whole = breaking(image, image.length, { ranges: true });
    let refusals = 2;
    rig.serve = (request, response) => (refusals-- > 0 ? void request.socket.destroy() : whole(request, response));
    expect(await rig.install({ digest: digestOf(image) })).toEqual({ kind: "success" });
  });

  test("for good, or without a new byte, is given up after some tries, and the next attempt succeeds", async () => {
    const stuck = breaking(image, 6 * mebibyte, { ranges: true });
    rig.serve = (request, response) =>
      requests.length === 0 ? stuck(request, response) : void (requests.push(request), request.socket.destroy());
    const failed = await rig.install({ digest: digestOf(image) });
    expect(failed).toMatchObject({
      error: expect.stringMatching(/cannot be fetched \(given up after 3 tries in a row\)/u),
    });
    expect(requests).toHaveLength(3);
    rig.serveBytes(image);
    expect(await rig.install()).toEqual({ kind: "success" });
    await holdsImage();
  });

  test.each<[string, RequestListener, RegExp]>([
    [
      "is another file now",
      (_request, response) => void response.writeHead(200, { "content-length": 5 }).end("other"),
      /changed while it was fetched: it had \d+ bytes, and now has 5/u,
    ],
    [
      "has another ETag and other bytes now",
      (_request, response) =>
        void response.writeHead(200, { etag: '"v2"', "content-length": image.length }).end(Buffer.alloc(image.length)),
      /has the digest .*; its ETag was "v1" at first, and "v2" later/u,
    ],
    [
      "is less than what came before",
      (_request, response) => void response.writeHead(416, { "content-range": "bytes */5" }).end(),
      /changed while it was fetched: it had more than \d+ bytes, and now has 5/u,
    ],
    ["is gone", (_request, response) => void response.writeHead(404).end(), /answered 404 Not Found, expected 206/u],
    [
      "is another part",
      (_request, response) => void response.writeHead(206, { "content-range": "bytes 99999999-99999999/1" }).end("x"),
      /it had \d+ bytes, and now has 1|another part/u,
    ],
  ])("and whose rest %s: an error", async (_name, then, expected) => {
    const first = breaking(image, 6 * mebibyte, { ranges: true });
    rig.serve = (request, response) => (requests.length === 0 ? first : then)(request, response);
    expect(await rig.install({ digest: digestOf(image) })).toMatchObject({ error: expect.stringMatching(expected) });
  });

  test("whose mirrors give different ETags for the same bytes is fetched to its end, without any of it twice", async () => {
    let sent = 0;
    rig.serve = (request, response) => {
      const tag = `"mirror ${requests.push(request)}"`;
      const from = Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? "")?.[1] ?? 0);
      const honoured = from > 0 && (request.headers["if-range"] ?? tag) === tag;
      const part = honoured ? image.subarray(from) : image;
      const range = honoured ? { "content-range": `bytes ${from}-${image.length - 1}/${image.length}` } : {};
      response.writeHead(honoured ? 206 : 200, { etag: tag, "content-length": part.length, ...range });
      const piece = honoured ? 2 * mebibyte : from + 2 * mebibyte;
      sent += Math.min(piece, part.length);
      response.write(part.subarray(0, piece), () => end(response, piece >= part.length));
    };
    expect(await rig.install({ digest: digestOf(image) }, quick)).toEqual({ kind: "success" });
    await holdsImage();
    expect(requests[1]?.headers["if-range"]).toBe('"mirror 1"');
    expect(requests.slice(2).every(({ headers }) => headers["if-range"] === undefined)).toBe(true);
    expect(sent).toBeLessThan(image.length + 4 * mebibyte);
  });

  test("I12: at its very end, without the chunks' end mark, is whole where the server has no more", async () => {
    rig.serve = (request, response) => {
      requests.push(request);
      if (request.headers.range === undefined) {
        // Chunked, cut off behind the last byte.
        response.writeHead(200, { etag: '"v1"' });
        response.write(image, () => response.socket?.end());
      } else {
        response.writeHead(416, { "content-range": `bytes */${image.length}` }).end();
      }
    };
    expect(await rig.install({ digest: digestOf(image) })).toEqual({ kind: "success" });
    await holdsImage();
    expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, `bytes=${image.length}-`]);
    const other = await rig.install({ digest: digestOf(image.subarray(1)) });
    expect(other).toMatchObject({ error: expect.stringMatching(/has the digest sha256:/u) });
  });

  test("while it waits for WRITING to be acknowledged costs nothing", async () => {
    const sockets: (() => void)[] = [];
    rig.serve = (request, response) => {
      requests.push(request);
      const from = Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(from === 0 ? 200 : 206, {
        "content-length": image.length - from,
        ...(from === 0 ? {} : { "content-range": `bytes ${from}-${image.length - 1}/${image.length}` }),
      });
      response.end(image.subarray(from));
      sockets.push(() => response.socket?.destroy());
    };
    const acknowledge = rig.onProgress;
    rig.onProgress = (message, signal) => {
      if (message.phase === Phase.WRITING && requests.length === 1) {
        sockets[0]?.();
      }
      return acknowledge(message, signal);
    };
    expect(await rig.install({ digest: digestOf(image) })).toEqual({ kind: "success" });
    await holdsImage();
    expect(requests.length).toBe(2);
  });
});
