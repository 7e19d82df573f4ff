import { generateKeyPairSync, sign } from "node:crypto";
import type { Identity } from "./agent-client.ts";

/** A self-signed certificate of a key that is not Ed25519, written out as src/lib/tls/self-signed.ts does for those that are. */
export function otherIdentity(kind: "rsa" | "ec"): Identity {
  const pair =
    kind === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  // sha256WithRSAEncryption (RFC 8017), ecdsa-with-SHA256 (RFC 5758).
  const algorithm = Buffer.from(kind === "rsa" ? "300d06092a864886f70d01010b0500" : "300a06082a8648ce3d040302", "hex");
  const name = Buffer.from("3010310e300c06035504030c056167656e74", "hex");
  const validity = der(0x30, der(0x17, Buffer.from("700101000000Z")), der(0x18, Buffer.from("99991231235959Z")));
  const body = der(
    0x30,
    Buffer.from("a003020102020101", "hex"),
    algorithm,
    name,
    validity,
    name,
    pair.publicKey.export({ format: "der", type: "spki" }),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", body, pair.privateKey));
  const base64 = der(0x30, body, algorithm, signature).toString("base64");
  return {
    key: pair.privateKey.export({ format: "pem", type: "pkcs8" }),
    certificate: [
      "-----BEGIN CERTIFICATE-----",
      ...(base64.match(/.{1,64}/gu) ?? []),
      "-----END CERTIFICATE-----",
      "",
    ].join("\n"),
  };
}

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}
