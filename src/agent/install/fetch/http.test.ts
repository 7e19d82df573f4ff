import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf, installRig, quickLimits } from "../../../../test/support/install-rig.ts";
import { authorityIssue, keyMake, keyPem, serverIssue } from "../../../lib/tls/issue.ts";
import { AgentError } from "../../errors.ts";
import { httpAnswer } from "./http-answer.ts";
import { CutShort, httpBody } from "./http-body.ts";
import { bodyEnd, httpHead } from "./http-head.ts";

const { signal } = new AbortController();
const limits = quickLimits;
let servers: Server[];
beforeEach(() => {
  servers = [];
});
afterEach(async () => {
  for (const server of servers) {
    await new Promise((resolve) => server.close(resolve));
  }
});

async function port(server: Server): Promise<number> {
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

/** Answers whatever is asked with these bytes. */
const answering = (bytes: string | Buffer): Promise<number> =>
  port(
    createServer(
      (socket) =>
        void socket
          .on("error", () => {})
          .resume()
          .end(bytes),
    ),
  );

async function get(on: number): Promise<{ status: number; body: Buffer }> {
  const answer = await httpAnswer(new URL(`http://127.0.0.1:${on}/x`), { signal, limits });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer.body) {
      chunks.push(Buffer.from(chunk));
    }
  } finally {
    answer.destroy();
  }
  return { status: answer.status, body: Buffer.concat(chunks) };
}

describe("an answer", () => {
  test.each([
    ["with a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more", "hello"],
    ["until the end", "HTTP/1.0 200 OK\r\n\r\nhello", "hello"],
    [
      "in chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: x\r\n\r\n",
      "hello",
    ],
    [
      "behind one of 1xx",
      "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello",
      "hello",
    ],
    ["of nothing", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""],
  ])("%s is read", async (_name, bytes, body) => {
    expect(await get(await answering(bytes))).toEqual({ status: 200, body: Buffer.from(body) });
  });

  test.each([
    ["SSH-2.0-OpenSSH\r\n\r\n", /cannot be fetched: the answer is not HTTP/u],
    ["HTTP/1.1 OK\r\n\r\n", /answer is not HTTP/u],
    ["HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", /malformed/u],
    ["HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", /length is "-5"/u],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", /length is "5, 6"/u],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", /coding that was not requested: gzip/u],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", /chunk's length is malformed/u],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n", /longer than it says/u],
    ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", /broke off: the connection was closed/u],
    [`HTTP/1.1 200 OK\r\nA: ${"x".repeat(70_000)}`, /answer is not HTTP/u],
    ["", /the connection was closed/u],
  ])("case %# is refused", async (bytes, expected) => {
    await expect(get(await answering(bytes))).rejects.toThrow(AgentError);
    const error: unknown = await get(await answering(bytes)).catch((thrown: unknown) => thrown);
    const { message, cause } = error as AgentError;
    expect(`${message}: ${cause instanceof Error ? cause.message : ""}`).toMatch(expected);
  });

  test("of any chunks, cut anywhere, is the bytes that were sent", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
        async (parts, cuts) => {
          const sent = Buffer.concat([
            ...parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]),
            Buffer.from("0\r\n\r\n"),
          ]);
          let at = 0;
          let cut = 0;
          const next = (): Promise<Buffer | undefined> => {
            const from = at;
            at += cuts[cut++ % cuts.length] ?? 1;
            return Promise.resolve(from < sent.length ? Buffer.from(sent.subarray(from, at)) : undefined);
          };
          const got: Buffer[] = [];
          for await (const piece of httpBody({ kind: "chunked" }, next)) {
            got.push(Buffer.from(piece));
          }
          expect(Buffer.concat(got).equals(Buffer.concat(parts))).toBe(true);
        },
      ),
    );
  });

  test("of garbage is refused with an error of its own kind, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (garbage) => {
        const bytes = Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), garbage]);
        const read = httpHead(bytes);
        expect(read && bodyEnd(read.head)).toEqual({ kind: "chunked" });
        let given = false;
        const next = (): Promise<Buffer | undefined> => {
          const piece = given ? undefined : Buffer.from(garbage);
          given = true;
          return Promise.resolve(piece);
        };
        try {
          for await (const piece of httpBody({ kind: "chunked" }, next)) {
            expect(piece.length).toBeGreaterThan(0);
          }
        } catch (error) {
          expect(error instanceof SyntaxError || error instanceof CutShort).toBe(true);
        }
      }),
    );
  });
});

test("many pieces, read slowly, arrive as they were sent", async () => {
  const bytes = randomBytes(9 << 20);
  const on = await port(createHttpServer((_request, response) => response.end(bytes)));
  const answer = await httpAnswer(new URL(`http://127.0.0.1:${on}/`), { signal, limits });
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) {
    await new Promise((resolve) => setImmediate(resolve));
    chunks.push(Buffer.from(chunk));
  }
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
});

test("user and password of a URL go to its host, and are not told", async () => {
  const seen: (string | undefined)[] = [];
  const on = await port(
    createHttpServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(404).end();
    }),
  );
  await using rig = await installRig({ diskBytes: 1 << 20 });
  const end = await rig.install({
    url: `http://me:pa%20ss@127.0.0.1:${on}/image?token=secret`,
    digest: digestOf(Buffer.alloc(1)),
  });
  expect(seen).toEqual([`Basic ${Buffer.from("me:pa ss").toString("base64")}`]);
  expect(end).toMatchObject({ error: `http://127.0.0.1:${on}/image answered 404 Not Found, expected 200` });
});

test("a server that only its own CA vouches for is believed with that CA, and with no other", async () => {
  const image = randomBytes(3 << 20);
  const [authorityKey, serverKey] = [keyMake(), keyMake()];
  const certificate = serverIssue(serverKey, [{ type: "ip", value: "127.0.0.1" }], authorityKey).toString();
  const on = await port(
    createHttpsServer({ key: keyPem(serverKey), cert: certificate }, (_request, response) => response.end(image)),
  );
  await using rig = await installRig({ diskBytes: 8 << 20 });
  const fields = { url: `https://127.0.0.1:${on}/image`, digest: digestOf(image) };
  const pem = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text));
  for (const caCertificates of [new Uint8Array(), pem(authorityIssue(keyMake()).toString())]) {
    // Not tried again: a certificate does not get better.
    const end = await rig.install({ ...fields, caCertificates });
    expect(end).toMatchObject({ error: expect.stringMatching(/^https:[^ ]* cannot be fetched: .*certificate/u) });
  }
  expect(await rig.install({ ...fields, caCertificates: pem(authorityIssue(authorityKey).toString()) })).toEqual({
    kind: "success",
  });
  expect((await rig.read(0, image.length)).equals(image)).toBe(true);
});
