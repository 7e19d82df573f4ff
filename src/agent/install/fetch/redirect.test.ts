import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { InstallRig } from "../../../../test/support/install-rig.ts";
import { digestOf, installRig, quickLimits } from "../../../../test/support/install-rig.ts";
import { httpAnswer } from "./http-answer.ts";
import { createReach } from "./reach.ts";
import { socketOpen } from "./socket-chunks.ts";

const image = randomBytes(100_000);
const { signal } = new AbortController();
let rig: InstallRig;
let requests: IncomingMessage[];
beforeEach(async () => {
  rig = await installRig({ diskBytes: 1 << 20 });
  requests = [];
});
afterEach(() => rig[Symbol.asyncDispose]());

/** Redirects from /image, and gives the image for all else. */
function redirecting(location: (own: string) => string): void {
  rig.serve = (request, response) => {
    requests.push(request);
    if (request.url === "/image") {
      response.socket?.write(Buffer.from(`HTTP/1.1 302 Found\r\nLocation: ${location(rig.url)}\r\n\r\n`, "utf8"));
      response.socket?.end();
    } else {
      response.end(image);
    }
  };
}

const withUser = (): string => rig.url.replace("//", "//me:secret@");
const basic = `Basic ${Buffer.from("me:secret").toString("base64")}`;

test.each<[string, (own: string) => string, (string | undefined)[]]>([
  ["a path", () => "/elsewhere", [basic, basic]],
  ["an absolute URL of the same scheme, host and port", (own) => own.replace("image", "elsewhere"), [basic, basic]],
  [
    "another name of the host",
    (own) => own.replace("127.0.0.1", "localhost").replace("image", "elsewhere"),
    [basic, undefined],
  ],
])("user and password go on to %s, or not", async (_name, location, expected) => {
  redirecting(location);
  expect(await rig.install({ url: withUser(), digest: digestOf(image) })).toEqual({ kind: "success" });
  expect(requests.map(({ headers }) => headers.authorization)).toEqual(expected);
});

test("another port is another server: it gets no credentials, and they are gone when it leads back", async () => {
  let second: Server | undefined;
  try {
    const back: RequestListener = (request, response) => {
      requests.push(request);
      response.writeHead(302, { location: rig.url.replace("image", "back") }).end();
    };
    second = createServer(back);
    await once(second.listen(0, "127.0.0.1"), "listening");
    const address = second.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    redirecting(() => `http://127.0.0.1:${port}/there`);
    expect(await rig.install({ url: withUser(), digest: digestOf(image) })).toEqual({ kind: "success" });
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([basic, undefined, undefined]);
  } finally {
    second?.close();
  }
});

test("the bytes of Location are UTF-8; those that are not mean themselves", async () => {
  redirecting(() => "/\u00fcmlaut?\u20ac");
  expect(await rig.install({ digest: digestOf(image) })).toEqual({ kind: "success" });
  expect(requests[1]?.url).toBe("/%C3%BCmlaut?%E2%82%AC");
});

test("bytes of Location that are no UTF-8 mean themselves", async () => {
  rig.serve = (request, response) => {
    requests.push(request);
    if (request.url === "/image") {
      response.socket?.end(Buffer.from("HTTP/1.1 302 Found\r\nLocation: /\u00fcmlaut\r\n\r\n", "latin1"));
    } else {
      response.end(image);
    }
  };
  expect(await rig.install({ digest: digestOf(image) })).toEqual({ kind: "success" });
  expect(requests[1]?.url).toBe("/%FCmlaut");
});

test.each([
  ["http://169.254.169.254/latest/meta-data?token=secret", /leads to the link-local address 169\.254\.169\.254/u],
  ["http://[::ffff:169.254.169.254]/", /leads to the link-local address ::ffff:a9fe:a9fe/u],
  ["http://[fe80::1]/", /leads to the link-local address fe80::1/u],
  ["http://2852039166/", /leads to the link-local address 169\.254\.169\.254/u],
  ["http://10.0.0.1/", /leads to the private address 10\.0\.0\.1/u],
  ["http://[fd00:ec2::254]/", /leads to the metadata address fd00:ec2::254/u],
  ["http://0.0.0.0:1/", /nothing listens on 0\.0\.0\.0 port 1/u],
])("A10: no redirect leads from one kind of network into another: %s", async (location, expected) => {
  redirecting(() => location);
  const end = await rig.install({ digest: digestOf(image) }, { limits: { tries: 1 } });
  expect(end).toMatchObject({ error: expect.stringMatching(expected) });
  expect(end).toMatchObject({ error: expect.not.stringContaining("secret") });
});

test("A10: where a public URL led, no private, link-local or loopback address is reached; where a private one did, its kind", () => {
  const reach = createReach();
  for (const address of ["10.0.0.1", "169.254.169.254", "127.0.0.1", "::1", "fe80::1%eth0", "224.0.0.1"]) {
    expect(reach.problem(address)).toMatch(/address .*, to which no server may redirect/u);
  }
  expect(reach.problem("8.8.8.8")).toBeUndefined();
  reach.first("192.168.7.7");
  expect([reach.problem("10.0.0.1"), reach.problem("8.8.8.8")]).toEqual([undefined, undefined]);
  expect([reach.problem("169.254.169.254"), reach.problem("127.0.0.1")]).not.toContain(undefined);
});

test("A10: a name is connected to only at addresses that may be reached, as they are resolved", async () => {
  const url = new URL(rig.url.replace("127.0.0.1", "localhost"));
  const { socket, next } = socketOpen(url, { certificates: undefined, problem: (address) => `the address ${address}` });
  await expect(next()).rejects.toThrow(/localhost:\d+\/image leads to the address (?:127\.0\.0\.1|::1)/u);
  socket.destroy();
  redirecting(() => "/x");
  const answer = await httpAnswer(url, { signal, limits: quickLimits });
  expect(answer.status).toBe(200);
  answer.destroy();
});
