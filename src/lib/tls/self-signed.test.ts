import { X509Certificate } from "node:crypto";
import { connect, createServer } from "node:tls";
import type { TLSSocket } from "node:tls";
import { once } from "node:events";
import { expect, test } from "vitest";
import { ed25519KeyPair, ed25519PrivateKeyPem, ed25519RawPublicKey } from "./ed25519.ts";
import { selfSignedCertificate } from "./self-signed.ts";

test("a self-signed certificate carries the key, serial 1, and is valid from 1970 to 9999", () => {
  const pair = ed25519KeyPair();
  for (const name of ["a", "5f1c", "x".repeat(64), "ü".repeat(64)]) {
    const certificate = new X509Certificate(selfSignedCertificate(pair.privateKey, name));
    expect(certificate.serialNumber).toBe("01");
    expect(certificate.toLegacyObject().subject).toMatchObject({ CN: name });
    expect(new Date(certificate.validFrom).toISOString()).toBe("1970-01-01T00:00:00.000Z");
    expect(new Date(certificate.validTo).toISOString()).toBe("9999-12-31T23:59:59.000Z");
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(ed25519RawPublicKey(certificate.publicKey)).toEqual(pair.publicKey);
  }
  expect(() => selfSignedCertificate(pair.privateKey, "x".repeat(65))).toThrow(/1 to 64 characters, this one has 65/u);
  expect(() => selfSignedCertificate(pair.publicKey, "x")).toThrow(/has 64 bytes/u);
});

test("a certificate can be of another time, as a wrong clock would make it", () => {
  const { privateKey } = ed25519KeyPair();
  for (const [from, to] of [
    [1971, 1980],
    [2049, 2050],
    [2090, 2099],
  ] as const) {
    const certificate = new X509Certificate(selfSignedCertificate(privateKey, "a", { from, to }));
    expect(new Date(certificate.validFrom).toISOString()).toBe(`${from}-01-01T00:00:00.000Z`);
    expect(new Date(certificate.validTo).toISOString()).toBe(`${to}-12-31T23:59:59.000Z`);
  }
});

test("a TLS server sees the key that the handshake proved", async () => {
  const [client, server] = [ed25519KeyPair(), ed25519KeyPair()];
  const options = (key: Uint8Array): { key: string; cert: string } => ({
    key: ed25519PrivateKeyPem(key),
    cert: selfSignedCertificate(key, "localhost"),
  });
  const listener = createServer({ ...options(server.privateKey), requestCert: true, rejectUnauthorized: false });
  try {
    await once(listener.listen(0, "127.0.0.1"), "listening");
    const address = listener.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const accepted = once(listener, "secureConnection") as Promise<[TLSSocket]>;
    // Without extensions the certificate vouches for itself and for its common name.
    const socket = connect({
      ...options(client.privateKey),
      host: "127.0.0.1",
      port,
      servername: "localhost",
      ca: selfSignedCertificate(server.privateKey, "localhost"),
    });
    await once(socket, "secureConnect");
    const [peer] = await accepted;
    const certificate = peer.getPeerX509Certificate();
    expect(certificate && ed25519RawPublicKey(certificate.publicKey)).toEqual(client.publicKey);
    socket.destroy();
    peer.destroy();
  } finally {
    await new Promise((resolve) => listener.close(resolve));
  }
});
