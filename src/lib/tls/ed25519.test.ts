import { generateKeyPairSync, sign, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  ed25519KeyPair,
  ed25519PrivateKeyObject,
  ed25519PrivateKeyPem,
  ed25519PublicKeyObject,
  ed25519RawPublicKey,
} from "./ed25519.ts";

describe("Ed25519 keys", () => {
  test("a raw pair signs, and its public half verifies", () => {
    const pair = ed25519KeyPair();
    expect([pair.publicKey.length, pair.privateKey.length]).toEqual([32, 64]);
    const text = Buffer.from("hello");
    const signature = sign(null, text, ed25519PrivateKeyObject(pair.privateKey));
    expect(verify(null, text, ed25519PublicKeyObject(pair.publicKey), signature)).toBe(true);
    expect(verify(null, text, ed25519PublicKeyObject(ed25519KeyPair().publicKey), signature)).toBe(false);
    expect(ed25519PrivateKeyPem(pair.privateKey)).toMatch(/^-----BEGIN PRIVATE KEY-----\n/u);
  });

  test("the first vector of RFC 8032, 7.1", () => {
    const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const publicKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const key = ed25519PrivateKeyObject(Buffer.from(seed + publicKey, "hex"));
    expect(Buffer.from(ed25519RawPublicKey(key)).toString("hex")).toBe(publicKey);
    expect(sign(null, Buffer.alloc(0), key).toString("hex")).toMatch(/^e5564300c360ac729086e2cc806e828a/u);
  });

  test("wrong lengths, halves that do not belong together and other kinds are refused", () => {
    const pair = ed25519KeyPair();
    const mixed = Uint8Array.from([...pair.privateKey.subarray(0, 32), ...ed25519KeyPair().publicKey]);
    expect(() => ed25519PrivateKeyObject(mixed)).toThrow(/second half/u);
    expect(() => ed25519PrivateKeyObject(pair.publicKey)).toThrow(/has 64 bytes, this one has 32/u);
    expect(() => ed25519PublicKeyObject(new Uint8Array(31))).toThrow(/has 32 bytes, this one has 31/u);
    expect(() => ed25519RawPublicKey(generateKeyPairSync("x25519").publicKey)).toThrow(/is x25519/u);
  });
});
