// With keys that ssh-keygen and openssl make.
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, type TestContext } from "vitest";
import { programMissing } from "../../../test/support/program-missing.ts";
import { sshPrivateKeyProblem } from "./ssh-private-key.ts";

let folder: string;
let missing: string | undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "farrier-ssh-key-"));
  missing = await programMissing("ssh-keygen", "openssh-client");
});
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
/** A key as ssh-keygen writes it, and its public part. */
function made(context: TestContext, ...args: string[]): { key: string; publicKey: string } {
  context.skip(missing !== undefined, missing);
  count += 1;
  const path = join(folder, `key-${count}`);
  execFileSync("ssh-keygen", ["-q", "-f", path, ...args]);
  return { key: readFileSync(path, "utf8"), publicKey: readFileSync(`${path}.pub`, "utf8") };
}

test("keys of every kind are taken, also with CRLF or without the last line end", (context) => {
  for (const args of [
    ["-t", "ed25519", "-N", ""],
    ["-t", "rsa", "-b", "2048", "-N", ""],
    ["-t", "ecdsa", "-b", "384", "-N", ""],
    ["-t", "rsa", "-b", "2048", "-N", "", "-m", "PEM"],
    ["-t", "ecdsa", "-N", "", "-m", "PKCS8"],
  ]) {
    const { key } = made(context, ...args);
    for (const text of [key, key.trimEnd(), key.replaceAll("\n", "\r\n")]) {
      expect([args, sshPrivateKeyProblem(text)]).toEqual([args, undefined]);
    }
  }
});

test("a passphrase is said, with the way out, in every format", (context) => {
  for (const args of [
    ["-t", "ed25519", "-N", "secret-words"],
    ["-t", "rsa", "-b", "2048", "-N", "secret-words", "-m", "PEM"],
    ["-t", "rsa", "-b", "2048", "-N", "secret-words", "-m", "PKCS8"],
  ]) {
    expect(sshPrivateKeyProblem(made(context, ...args).key)).toMatch(/passphrase.*ssh-keygen -p -N '' -f COPY/u);
  }
});

test("what is no usable private key is named, without being quoted", (context) => {
  const { key, publicKey } = made(context, "-t", "ed25519", "-N", "");
  const body = key.split("\n")[1] ?? "";
  const dsa = generateKeyPairSync("dsa", { modulusLength: 1024 }).privateKey.export({ type: "pkcs8", format: "pem" });
  const cases: [string, RegExp][] = [
    [publicKey, /is a public key/u],
    [key + key, /holds 2 private keys/u],
    [`${key}\nand words`, /something beside a private key/u],
    [key.replace(body, ""), /is damaged/u],
    [key.slice(0, 120), /is no private key/u],
    ["-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", /is damaged/u],
    ["-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", /is damaged/u],
    ["PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", /puttygen KEY\.ppk -O private-openssh/u],
    ["hunter2", /is no private key/u],
    ["", /is no private key/u],
    [dsa, /of a type that hosts do not accept/u],
  ];
  for (const [text, message] of cases) {
    const problem = sshPrivateKeyProblem(text);
    expect(problem).toMatch(message);
    expect(problem).not.toContain(body.slice(0, 16));
    expect(problem).not.toContain("hunter2");
  }
});
