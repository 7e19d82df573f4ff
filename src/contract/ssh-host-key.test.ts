import { expect, test } from "vitest";
import { sshFingerprint, sshHostKeyParse } from "./ssh-host-key.ts";

// Made by ssh-keygen, with the fingerprint that `ssh-keygen -l` printed.
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINt2d+0K7GdEGPLVj/P74Rs3RtHb2h7nSXnty1c1zPCG";
const fingerprint = "SHA256:jwuZ6OiT7efpFvk8QdG9I3V93rMVLKujd0GOlOvuM44";

test("a public key is read without its comment, and has ssh-keygen's fingerprint", () => {
  expect(sshHostKeyParse(`${key} root@host`)).toEqual({ by: "key", key });
  expect(sshFingerprint(key)).toBe(fingerprint);
});

test("a key whose padding was lost on the way is read as it was", () => {
  // A key of 104 bytes, whose base64 ends with one "=".
  const blob = Buffer.concat(
    ["ecdsa-sha2-nistp256", "nistp256", "x".repeat(65)].flatMap((text) => [
      Buffer.from([0, 0, 0, text.length]),
      Buffer.from(text),
    ]),
  ).toString("base64");
  expect(blob).toMatch(/=$/u);
  for (const text of [blob, blob.replaceAll("=", ""), `${blob}=`]) {
    expect(sshHostKeyParse(`ecdsa-sha2-nistp256 ${text}`)).toEqual({ by: "key", key: `ecdsa-sha2-nistp256 ${blob}` });
  }
});

test("a fingerprint is read", () => {
  expect(sshHostKeyParse(fingerprint)).toEqual({ by: "fingerprint", fingerprint });
});

test.each([
  "",
  "ssh-ed25519",
  "ssh-ed25519 AAAA",
  `ssh-rsa ${key.split(" ")[1]}`,
  `${key.slice(0, -4)}\n* ${key}`,
  "ssh-dss AAAAB3NzaC1kc3M=",
  "MD5:aa:bb",
  `${fingerprint}x`,
  `@cert-authority * ${key}`,
])("%j is refused, with a reason", (text) => {
  expect(sshHostKeyParse(text)).toHaveProperty("problem");
});
