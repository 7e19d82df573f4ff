import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ReportProgressResponseSchema } from "../../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { ReportProgressRequest } from "../../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { freePort } from "../../../../test/support/free-port.ts";
import type { InstallRig } from "../../../../test/support/install-rig.ts";
import { digestOf, installRig } from "../../../../test/support/install-rig.ts";
import { waitFor } from "../../../../test/support/wait.ts";

const image = randomBytes(300_000);
let rig: InstallRig;
let reports: ReportProgressRequest[];
beforeEach(async () => {
  rig = await installRig({ diskBytes: 1 << 20 });
  reports = [];
  rig.onProgress = (message) => {
    reports.push(message);
    return Promise.resolve({ kind: "ok", response: create(ReportProgressResponseSchema) });
  };
});
afterEach(() => rig[Symbol.asyncDispose]());

test("a digest that does not fit names the Content-Encoding that came with the bytes", async () => {
  rig.serve = (_request, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(image));
  const end = await rig.install({ digest: digestOf(image) });
  expect(end).toMatchObject({
    error: expect.stringMatching(
      /has the digest sha256:.* expected .*"Content-Encoding: gzip", which was not requested/u,
    ),
  });
});

/** Sends a byte every few milliseconds, for as long as the connection is there. */
function trickle(response: ServerResponse): void {
  response.writeHead(200, { etag: '"v1"', "content-length": image.length });
  response.write(image.subarray(0, 1000));
  let sent = 1000;
  const timer = setInterval(() => response.write(image.subarray(sent, (sent += 1))), 5);
  response.on("close", () => clearInterval(timer));
}

const slow = { notice: 30, rateWindow: 150, lowestRate: 5000, tries: 3 };

describe("a server that trickles", () => {
  test("A11: is left after a window of its time, and the rest is fetched by another connection", async () => {
    let requests = 0;
    rig.serve = (request, response) => {
      requests += 1;
      const from = Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? "")?.[1] ?? 0);
      if (requests === 1) {
        trickle(response);
      } else {
        const range = { "content-range": `bytes ${from}-${image.length - 1}/${image.length}`, etag: '"v1"' };
        response.writeHead(206, { ...range, "content-length": image.length - from }).end(image.subarray(from));
      }
    };
    expect(await rig.install({ digest: digestOf(image) }, { limits: slow })).toEqual({ kind: "success" });
    expect(requests).toBe(2);
    expect((await rig.read(0, image.length)).equals(image)).toBe(true);
  });

  test("A11, X4: is given up for its reason, however many bytes it sends; while it goes on, that is reported", async () => {
    let requests = 0;
    rig.serve = (_request, response) => {
      requests += 1;
      trickle(response);
    };
    const end = await rig.install({ digest: digestOf(image) }, { limits: slow });
    expect(end).toMatchObject({
      error: expect.stringMatching(
        /: only \d+ bytes came in 0\.15 s \(the least is 5000\) after \d+ of 300000 bytes \(given up after 3 tries in a row\)/u,
      ),
    });
    expect(requests).toBe(3);
    const told = reports.filter(({ lastError }) => lastError !== "");
    expect(told.map(({ lastError }) => lastError).join("\n")).toMatch(
      /only \d+ bytes came in 0\.03 s after \d+ of 300000/u,
    );
    expect(told.every(({ givesUpInSeconds }) => givesUpInSeconds > 0)).toBe(true);
  });
});

describe("what is tried again is reported at once, with its reason and its end", () => {
  test("X4: a server that refuses", async () => {
    const url = `http://127.0.0.1:${await freePort()}/image?token=secret`;
    const end = await rig.install(
      { url, digest: digestOf(image) },
      { limits: { tries: 3, pause: 20, longestPause: 40 } },
    );
    expect(end).toMatchObject({
      error: expect.stringMatching(
        /image cannot be fetched \(given up after 3 tries in a row\): nothing listens on 127\.0\.0\.1 port \d+ \(ECONNREFUSED\)/u,
      ),
    });
    expect(reports.map(({ lastError }) => lastError)).toContainEqual(
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/image cannot be fetched: nothing listens/u),
    );
    expect(JSON.stringify(reports.map(({ lastError }) => lastError))).not.toContain("secret");
  });

  test("X4: 503, and the seconds until it is given up; once bytes come, nothing is reported any more", async () => {
    let requests = 0;
    rig.serve = (_request, response) => {
      requests += 1;
      if (requests < 3) {
        response.writeHead(503).end();
      } else {
        response.end(image);
      }
    };
    const limits = { tries: 12, pause: 10, longestPause: 5000 };
    expect(await rig.install({ digest: digestOf(image) }, { limits })).toEqual({ kind: "success" });
    const told = reports.filter(({ lastError }) => lastError !== "");
    expect(told[0]?.lastError).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/image answered 503 Service Unavailable, expected 200$/u,
    );
    // Pauses of 10 ms, doubled up to 5 s: 12 tries take 16 s.
    expect(told[0]?.givesUpInSeconds).toBeGreaterThan(10);
    expect(told[0]?.givesUpInSeconds).toBeLessThan(60);
    expect(reports.at(-1)?.lastError).toBe("");
  });

  test("X4: silence before the answer, and in the middle of the file, before either has failed", async () => {
    const silent: ServerResponse[] = [];
    rig.serve = (_request, response) => {
      silent.push(response);
      if (silent.length === 2) {
        response.writeHead(200, { "content-length": image.length });
        response.write(image.subarray(0, 1000));
      }
    };
    const controller = new AbortController();
    const limits = { notice: 20, answer: 60_000, idle: 60_000, tries: 3 };
    const installing = rig.install({ digest: digestOf(image) }, { limits, signal: controller.signal });
    const told = (pattern: RegExp): Promise<unknown> =>
      waitFor(String(pattern), () => reports.some(({ lastError }) => pattern.test(lastError)));
    await told(/image has not answered for 0\.02 s$/u);
    silent[0]?.socket?.destroy();
    await told(/no byte came for 0\.02 s after (?:0|1000) of 300000 bytes$/u);
    const last = reports.findLast(({ lastError }) => lastError.includes("no byte came"));
    // This try's minute, and those of two more.
    expect(last?.givesUpInSeconds).toBeGreaterThan(100);
    controller.abort(new Error("enough"));
    await installing;
  });
});

test.each<[string, string | undefined, (response: ServerResponse) => void]>([
  ["image-not-found", undefined, (response) => void response.writeHead(404).end()],
  ["image-forbidden", undefined, (response) => void response.writeHead(403).end()],
  ["image-server-error", undefined, (response) => void response.writeHead(503).end()],
  ["not-an-image", undefined, (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<p>")],
  ["not-an-image", undefined, (response) => void response.end()],
  ["image-redirect", undefined, (response) => void response.writeHead(302, { location: "http://10.0.0.1/" }).end()],
  ["wrong-digest", undefined, (response) => void response.end(Buffer.alloc(image.length))],
  ["disk-too-small", undefined, (response) => void response.end(Buffer.alloc(2 << 20, "x"))],
  ["image-unreachable", "http://127.0.0.1:1/x", () => {}],
  ["image-unreachable", "http://nowhere.invalid/x", () => {}],
  ["request-invalid", "ftp://host/x", () => {}],
])("X12: the cause is reported in a word: %s (case %#)", async (cause, url, answer) => {
  rig.serve = (_request, response) => answer(response);
  const fields = url === undefined ? {} : { url };
  const limits = { tries: 1 };
  expect(await rig.install({ ...fields, digest: digestOf(image) }, { limits })).toMatchObject({ kind: "error", cause });
});

describe("a port that", () => {
  let server: Server;
  afterEach(() => void server?.close());

  test("X11: does not speak TLS is said to be one", async () => {
    server = createServer((_request, response) => response.end(image));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const end = await rig.install({ url: `https://127.0.0.1:${port}/image`, digest: digestOf(image) });
    expect(end).toMatchObject({
      error: expect.stringMatching(
        /the server at 127\.0\.0\.1:\d+ does not speak TLS \(\w+\): check the port, or use http/u,
      ),
    });
  });
});
