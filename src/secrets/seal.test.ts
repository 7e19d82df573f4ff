import { fromBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { seal, sealedKeyId, sealedOverhead, unseal } from "./seal.ts";
import { SecretsError } from "./errors.ts";
import { secretsKey } from "./secrets-key.ts";
import { testSecretsKey } from "./testing/key-ring.ts";

const place = { table: "credential", row: "a", purpose: "secret" };

test.each([0, 1, 16, 100_000])(
  "%i bytes come back as they were, and nothing of them is in what is sealed",
  (length) => {
    const key = testSecretsKey();
    const clear = Buffer.alloc(length, "hunter2-");
    const sealed = seal(key, place, clear);
    expect(Buffer.from(unseal(key, place, sealed))).toEqual(clear);
    expect(sealed.length).toBe(length + sealedOverhead);
    expect(Buffer.from(sealed).includes("hunter2")).toBe(false);
    expect(sealedKeyId(sealed)).toBe(key.id);
  },
);

test("the same secret sealed twice looks different each time", () => {
  const key = testSecretsKey();
  expect(seal(key, place, Buffer.from("x"))).not.toEqual(seal(key, place, Buffer.from("x")));
});

test.each([
  ["another table", { ...place, table: "machine_os_installation_request" }],
  ["another row", { ...place, row: "b" }],
  ["another purpose", { ...place, purpose: "next-secret" }],
  ["parts that join to the same text", { table: "credential1:", row: "", purpose: "a6:secret" }],
])("in %s it does not open", (_what, other) => {
  const key = testSecretsKey();
  expect(() => unseal(key, other, seal(key, place, Buffer.from("hunter2")))).toThrow(SecretsError);
});

test("with any byte altered, cut off or added it does not open, and the error holds nothing of the secret", () => {
  const key = testSecretsKey();
  const sealed = seal(key, place, Buffer.from("hunter2"));
  const altered = [
    ...Array.from(sealed, (byte, at) => sealed.with(at, byte ^ 1)),
    sealed.subarray(0, -1),
    Buffer.concat([sealed, Buffer.of(0)]),
  ];
  for (const bytes of altered) {
    expect(() => unseal(key, place, bytes)).toThrow(/was altered, or copied from another row. Store it again/u);
    expect(() => unseal(key, place, bytes)).not.toThrow(/hunter2/u);
  }
});

test("with another key it does not open", () => {
  expect(() => unseal(testSecretsKey(), place, seal(testSecretsKey(), place, Buffer.from("x")))).toThrow(SecretsError);
});

test("what is sealed is no protobuf message, and what is in clear is not taken for sealed", () => {
  const key = testSecretsKey();
  const sealed = seal(key, place, Buffer.alloc(50));
  expect(() => fromBinary(OSInstallationRequestSchema, sealed)).toThrow();
  for (const clear of [Buffer.alloc(0), Buffer.from("hunter2"), Buffer.alloc(100), sealed.subarray(0, 40)]) {
    expect(sealedKeyId(clear)).toBeUndefined();
  }
});

test("a key's id and check value are the same for ever, and tell nothing of the key", () => {
  const key = secretsKey(Buffer.alloc(32, 7));
  expect(key.id).toMatchInlineSnapshot(`"871c5055bbb79180"`);
  expect(Buffer.from(key.checkValue).toString("hex")).toMatchInlineSnapshot(
    `"0709529293b4105bb5c34281e1eb49ebe7105907a75df8bb16c7c7ba95276218"`,
  );
  expect(() => secretsKey(Buffer.alloc(31))).toThrow("a key of 31 bytes: expected 32");
});
