import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { SignatureFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { imageKey, imageKeyTitle, imageRuleBroken, redirectRuleBroken, type ImageRule } from "./image-rule.ts";

const minisign = Buffer.concat([Buffer.from("Ed"), Buffer.from("0123456789abcdef", "hex"), Buffer.alloc(32, 7)]);
const cosign = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;

test("a key is the same in each of its forms", () => {
  const pub = Buffer.from(`untrusted comment: images\n${minisign.toString("base64")}\n`);
  const line = Buffer.from(minisign.toString("base64"));
  const [one, ...others] = [minisign, pub, line].map((bytes) => imageKey(SignatureFormat.MINISIGN, bytes));
  expect(one).toBeDefined();
  expect(others).toEqual([one, one]);
  expect(imageKeyTitle(one ?? { format: 0, publicKey: "" })).toBe("minisign EFCDAB8967452301");
  const pem = Buffer.from(cosign.export({ format: "pem", type: "spki" }));
  const spaced = Buffer.from(`\n${pem.toString()}\n\n`);
  expect(imageKey(SignatureFormat.COSIGN, spaced)).toEqual(imageKey(SignatureFormat.COSIGN, pem));
  for (const [format, bytes] of [
    [SignatureFormat.MINISIGN, pem],
    [SignatureFormat.COSIGN, minisign],
    [SignatureFormat.UNSPECIFIED, minisign],
  ] as const) {
    expect(imageKey(format, bytes)).toBeUndefined();
  }
});

const known = { format: SignatureFormat.MINISIGN, publicKey: minisign.toString("base64") };
const rules: ImageRule[] = [
  { kind: "sources", name: "our-mirror", sources: ["images.example.org"] },
  { kind: "keys", name: "release-key", keys: [known] },
  { kind: "catalogue", name: "curated" },
];
const right = { url: "https://images.example.org/a.raw", keys: [known] };

test.each([
  ["nothing", right, undefined],
  ["a source", { ...right, url: "https://evil.example/a.raw" }, "our-mirror"],
  ["a file beside it", { ...right, besides: ["https://evil.example/SHA256SUMS"] }, "our-mirror"],
  ["no key", { ...right, keys: [] }, "release-key"],
  [
    "the same bytes as a key of another form",
    { ...right, keys: [{ ...known, format: SignatureFormat.COSIGN }] },
    "release-key",
  ],
  ["an operator's URL", { ...right, chosen: "ask" as const }, "curated"],
  ["an operator's image", { ...right, chosen: "add" as const }, "curated"],
])("rules and %s", (_what, image, broken) => {
  const problem = imageRuleBroken(rules, image);
  expect(problem === undefined ? undefined : /^rule "(?<name>[a-z-]+)"/u.exec(problem)?.groups?.["name"]).toBe(broken);
  expect(imageRuleBroken([], image)).toBeUndefined();
});

test("a redirect is about sources alone", () => {
  expect(redirectRuleBroken(rules, new URL("https://images.example.org/b"))).toBeUndefined();
  expect(redirectRuleBroken(rules, new URL("https://evil.example/b?key=hunter2"))).toMatch(
    /our-mirror.*evil\.example\/b:/u,
  );
});
