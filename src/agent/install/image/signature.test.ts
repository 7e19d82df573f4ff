import { createSign, generateKeyPairSync, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SignatureFormat } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { InstallRig } from "../../../../test/support/install-rig.ts";
import { hostProgram, installRig, programsMissing } from "../../../../test/support/install-rig.ts";

const mebibyte = 1 << 20;
const image = randomBytes(5 * mebibyte + 3);
const missing = await programsMissing("minisign", "openssl");
const why = `missing on this host: ${missing.join(", ")} (Debian: minisign, openssl)`;

let rig: InstallRig;
beforeEach(async () => {
  rig = await installRig({ diskBytes: 12 * mebibyte });
  rig.serveBytes(image);
  await writeFile(join(rig.folder, "image"), image);
});
afterEach(() => rig[Symbol.asyncDispose]());

const { MINISIGN, COSIGN } = SignatureFormat;
const of = (name: string): string => join(rig.folder, name);

async function minisign(
  name: string,
  ...more: string[]
): Promise<{ publicKey: Uint8Array<ArrayBuffer>; signature: Uint8Array<ArrayBuffer> }> {
  await hostProgram("minisign", "-G", "-W", "-f", "-p", of(`${name}.pub`), "-s", of(`${name}.key`));
  await hostProgram(
    "minisign",
    "-S",
    ...more,
    "-s",
    of(`${name}.key`),
    "-m",
    of("image"),
    "-x",
    of(`${name}.minisig`),
    "-t",
    "made for a test",
  );
  return { publicKey: await bytes(`${name}.pub`), signature: await bytes(`${name}.minisig`) };
}

async function cosign(): Promise<{ publicKey: Uint8Array<ArrayBuffer>; signature: Uint8Array<ArrayBuffer> }> {
  await hostProgram("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", of("key.pem"));
  await hostProgram("openssl", "ec", "-in", of("key.pem"), "-pubout", "-out", of("key.pub"));
  await hostProgram("openssl", "dgst", "-sha256", "-sign", of("key.pem"), "-out", of("image.der"), of("image"));
  const signature = (await readFile(of("image.der"))).toString("base64");
  return { publicKey: await bytes("key.pub"), signature: Uint8Array.from(Buffer.from(`${signature}\n`)) };
}

const bytes = async (name: string): Promise<Uint8Array<ArrayBuffer>> => Uint8Array.from(await readFile(of(name)));
const altered = (from: Uint8Array, at: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(from, (byte, index) => (index === at ? byte ^ 1 : byte));
const isSealed = async (): Promise<boolean> => (await rig.read(0, 4096)).equals(image.subarray(0, 4096));

describe("a signature that holds: the image is installed", () => {
  beforeEach((context) => context.skip(missing.length > 0, why));

  test.for<[string, string[]]>([
    ["minisign", ["-H"]],
    ["minisign, of the file itself", ["-l"]],
  ])("%s", async ([_name, options]) => {
    const { publicKey, signature } = await minisign("own", ...options);
    expect(await rig.install({ signature: { format: MINISIGN, publicKey, signature } })).toEqual({ kind: "success" });
    // The key as people paste it: the .pub file's second line.
    const line = Uint8Array.from(Buffer.from(Buffer.from(publicKey).toString().split("\n")[1] ?? ""));
    expect(await rig.install({ signature: { format: MINISIGN, publicKey: line, signature } })).toEqual({
      kind: "success",
    });
    expect(await isSealed()).toBe(true);
  });

  test("cosign, in base64 and as it is", async () => {
    const { publicKey, signature } = await cosign();
    expect(await rig.install({ signature: { format: COSIGN, publicKey, signature } })).toEqual({ kind: "success" });
    const der = await bytes("image.der");
    expect(await rig.install({ signature: { format: COSIGN, publicKey, signature: der } })).toEqual({
      kind: "success",
    });
  });

  test.for<[string, () => ReturnType<typeof cosign>, SignatureFormat, string]>([
    ["minisign", () => minisign("own"), MINISIGN, "/image.minisig"],
    ["cosign", cosign, COSIGN, "/image.sig"],
  ])("%s, fetched from beside the image", async ([_name, make, format, path]) => {
    const { publicKey, signature } = await make();
    const serve = rig.serve;
    let tries = 0;
    rig.serve = (request, response) => {
      if (request.url !== path) {
        serve(request, response);
      } else if (tries++ === 0) {
        response.writeHead(503).end();
      } else {
        response.end(signature);
      }
    };
    expect(await rig.install({ signature: { format, publicKey } })).toEqual({ kind: "success" });
    expect(tries).toBe(2);
  });
});

describe("an image without a valid signature: nothing bootable is left, and the next attempt succeeds", () => {
  beforeEach((context) => context.skip(missing.length > 0, why));
  const refused = async (
    signature: { format: SignatureFormat; publicKey: Uint8Array<ArrayBuffer>; signature?: Uint8Array<ArrayBuffer> },
    expected: RegExp,
  ): Promise<void> => {
    await writeFile(rig.disk, Buffer.alloc(12 * mebibyte));
    expect(await rig.install({ signature })).toMatchObject({ error: expect.stringMatching(expected) });
    expect(await isSealed()).toBe(false);
    expect(await rig.install()).toEqual({ kind: "success" });
  };

  test("minisign's, of another file", async () => {
    await writeFile(of("image"), "another file");
    const { publicKey, signature } = await minisign("own");
    await refused(
      { format: MINISIGN, publicKey, signature },
      /has the requested digest, but the signature does not match it/u,
    );
  });

  test("minisign's, of another key, altered, or none at all", async () => {
    const { publicKey, signature } = await minisign("own");
    const other = await minisign("other");
    const format = MINISIGN;
    await refused(
      { format, publicKey: other.publicKey, signature },
      /made with the key [0-9A-F]{16}, expected [0-9A-F]{16}/u,
    );
    const comment = Buffer.from(signature).indexOf("made for");
    await refused({ format, publicKey, signature: altered(signature, comment) }, /trusted comment was altered/u);
    await refused(
      { format, publicKey, signature: Uint8Array.of(1) },
      /not a minisign signature: expected the four lines/u,
    );
    await refused({ format, publicKey: Uint8Array.of(1), signature }, /public key is not a minisign key/u);
    await refused({ format, publicKey }, /image\.minisig has more than 65536 bytes/u);
  });

  test("cosign's", async () => {
    const { publicKey, signature } = await cosign();
    const format = COSIGN;
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = Uint8Array.from(Buffer.from(other.publicKey.export({ type: "spki", format: "pem" })));
    await refused({ format, publicKey: key, signature }, /signature does not match it/u);
    const sign = createSign("sha256").update(Buffer.alloc(3)).sign(other.privateKey);
    await refused({ format, publicKey, signature: Uint8Array.from(sign) }, /signature does not match it/u);
    await refused({ format, publicKey, signature: Uint8Array.from(Buffer.from("{}")) }, /not a cosign signature/u);
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "pem" });
    await refused(
      { format, publicKey: Uint8Array.from(Buffer.from(rsa)), signature },
      /public key is not a cosign key/u,
    );
  });
});
