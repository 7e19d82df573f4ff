import { generateKeyPairSync } from "node:crypto";
import dns from "node:dns";
import { once } from "node:events";
import { syncBuiltinESMExports } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { expect, test } from "vitest";
import { authorityIssue, keyMake, keyPem, serverIssue } from "../../../lib/tls/issue.ts";
import { certificateRead } from "../../certificate-read.ts";
import type { ControllerTrust } from "../../controller.ts";
import { controllerConnect } from "./connect.ts";

const authority = keyMake();
const key = keyMake();
const certificate = serverIssue(key, [{ type: "ip", value: "127.0.0.1" }], authority);
const sha256 = certificate.fingerprint256.replaceAll(":", "").toLowerCase();

/** A TLS server that stores what it receives. */
async function tlsServer(): Promise<AsyncDisposable & { url: URL; got: () => string; handshakes: () => number }> {
  let got = "";
  let handshakes = 0;
  const server = createTlsServer({ key: keyPem(key), cert: certificate.toString() }, (socket) => {
    handshakes += 1;
    socket.on("error", () => {});
    socket.on("data", (data: Buffer) => (got += data.toString()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`),
    got: () => got,
    handshakes: () => handshakes,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

/** Has names resolve to the addresses that `next` gives, until it is disposed. */
function resolving(next: () => string[]): Disposable {
  const before = dns.lookup;
  const fake = (_name: string, _options: object, answer: (error: null, found: dns.LookupAddress[]) => void): void =>
    answer(
      null,
      next().map((address) => ({ address, family: 4 })),
    );
  dns.lookup = fake as unknown as typeof dns.lookup;
  syncBuiltinESMExports();
  return {
    [Symbol.dispose]: () => {
      dns.lookup = before;
      syncBuiltinESMExports();
    },
  };
}

const anywhere = (): boolean => true;

async function tried(
  url: URL,
  trust: ControllerTrust,
  mayReach: (at: { host: string; ip: string }) => boolean = anywhere,
) {
  const socket = await controllerConnect({ url, trust, mayReach, limit: 10_000 });
  socket.destroy();
  await once(socket, "close");
  return "connected";
}

test("a certificate is believed by its fingerprint, however it is written, or by its CA", async () => {
  await using server = await tlsServer();
  expect(await tried(server.url, { by: "fingerprint", sha256 })).toBe("connected");
  expect(await tried(server.url, { by: "fingerprint", sha256: certificate.fingerprint256 })).toBe("connected");
  expect(await tried(server.url, { by: "ca", pem: authorityIssue(authority).toString() })).toBe("connected");
});

test("an old controller's 1024 bits of RSA do, once its fingerprint is accepted", async () => {
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
  const old = serverIssue(weak, [{ type: "ip", value: "127.0.0.1" }], authority);
  // The server's OpenSSL refuses weak keys too, unless its security level is lowered.
  const server = createTlsServer({ key: keyPem(weak), cert: old.toString(), ciphers: "DEFAULT:@SECLEVEL=0" });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await tried(url, { by: "fingerprint", sha256: old.fingerprint256 })).toBe("connected");
  server.close();
  await once(server, "close");
});

test("another certificate is refused with both fingerprints, and nothing is sent", async () => {
  await using server = await tlsServer();
  const other = "ab".repeat(32);
  await expect(tried(server.url, { by: "fingerprint", sha256: other })).rejects.toMatchObject({
    code: "untrusted",
    message: expect.stringMatching(new RegExp(`${sha256} in place of ${other}.*Nothing was sent`, "u")),
  });
  await expect(tried(server.url, { by: "system" })).rejects.toMatchObject({ code: "untrusted" });
  await expect(tried(server.url, { by: "ca", pem: authorityIssue(keyMake()).toString() })).rejects.toMatchObject({
    code: "untrusted",
    message: expect.stringContaining("its CA is not among those that are trusted"),
  });
  expect(server.got()).toBe("");
});

test("a certificate for another name is refused though its CA is trusted", async () => {
  await using server = await tlsServer();
  const named = new URL(`https://localhost:${server.url.port}`);
  await expect(tried(named, { by: "ca", pem: authorityIssue(authority).toString() })).rejects.toMatchObject({
    code: "untrusted",
    message: expect.stringContaining("it is for another name"),
  });
});

test("an address that the credential may not be sent to is not called", async () => {
  await using server = await tlsServer();
  const trust = { by: "fingerprint", sha256 } as const;
  await expect(tried(server.url, trust, () => false)).rejects.toMatchObject({ code: "address_refused" });
  // The resolved address is checked, not the name.
  const named = new URL(`https://localhost:${server.url.port}`);
  await expect(tried(named, trust, ({ ip }) => ip === "192.0.2.1")).rejects.toMatchObject({
    code: "address_refused",
    message: expect.stringMatching(/localhost \(.*127\.0\.0\.1/u),
  });
  expect(server.handshakes()).toBe(0);
  // Of several addresses, the allowed ones are used.
  expect(await tried(named, trust, ({ ip }) => ip === "127.0.0.1")).toBe("connected");
});

test("a name that resolves otherwise a moment later (DNS rebinding) is checked at each connection", async () => {
  await using server = await tlsServer();
  const trust = { by: "fingerprint", sha256 } as const;
  const named = new URL(`https://bmc7.example:${server.url.port}`);
  const mayReach = ({ ip }: { ip: string }): boolean => ["127.0.0.1", "192.0.2.1"].includes(ip);
  const answers = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2", "127.0.0.1"]];
  using _resolver = resolving(() => answers.shift() ?? []);
  expect(await tried(named, trust, mayReach)).toBe("connected");
  await expect(tried(named, trust, mayReach)).rejects.toMatchObject({
    code: "address_refused",
    message: expect.stringContaining("bmc7.example (127.0.0.2)"),
  });
  // Of both addresses only the allowed one is called.
  expect(await tried(named, trust, mayReach)).toBe("connected");
  expect(answers).toEqual([]);
});

test("clear text is called only by choice, and TLS never as clear text", async () => {
  const trust = { by: "fingerprint", sha256 } as const;
  await expect(tried(new URL("http://127.0.0.1:9"), trust)).rejects.toMatchObject({ code: "untrusted" });
  await expect(tried(new URL("https://127.0.0.1:9"), { by: "clear-text" })).rejects.toMatchObject({
    code: "untrusted",
  });
});

test("the certificate at the first contact is read without sending anything", async () => {
  await using server = await tlsServer();
  expect(await certificateRead(server.url.href)).toMatchObject({
    sha256,
    subject: "CN=Farrier server",
    issuer: expect.stringMatching(/^CN=Farrier CA/u),
    notAfter: new Date("9999-12-31T23:59:59Z"),
  });
  expect(server.got()).toBe("");
  await expect(certificateRead(server.url.href, { mayReach: () => false })).rejects.toMatchObject({
    code: "address_refused",
  });
  await expect(certificateRead("http://127.0.0.1:9")).rejects.toMatchObject({ code: "untrusted" });
});

test("where nothing listens, or nobody answers, it says so", async () => {
  const server = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const silent = controllerConnect({
    url: new URL(`https://127.0.0.1:${port}`),
    trust: { by: "fingerprint", sha256 },
    mayReach: anywhere,
    limit: 50,
  });
  await expect(silent).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("within 0.05 s"),
  });
  server.close();
  await once(server, "close");
  await expect(tried(new URL(`https://127.0.0.1:${port}`), { by: "fingerprint", sha256 })).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("nothing listens there"),
  });
});
