import { expect, test } from "vitest";
import { imageJobLine } from "./image-job.ts";

const facts = {
  ...{ format: "raw", compression: "none", packedBytes: 1, unpackedBytes: 1, partitionTable: "none" },
  ...{ partitions: [], bootsBy: [], architectures: [], unsignedFor: [], rootFileSystem: "", cloudInit: "no" },
  ...{ problems: [], notes: [] },
};
const learned = { kind: "learned", digest: `sha256:${"0".repeat(64)}`, facts };
const progress = { kind: "progress", phase: "fetching", bytesDone: 1, bytesTotal: 0 };
const failed = { kind: "failed", code: "unproven", message: "no" };

test.each([learned, progress, { ...progress, trouble: "away" }, failed])("taken: $kind", (line) => {
  expect(imageJobLine(JSON.stringify(line))).toEqual(line);
});

test.each<[string, unknown]>([
  ["a code that is not known", { ...failed, code: "constructor" }],
  ["no code", { ...failed, code: undefined }],
  ["a message that is no text", { ...failed, message: { toString: "x" } }],
  ["a phase that is not known", { ...progress, phase: "waiting" }],
  ["no phase", { ...progress, phase: undefined }],
  ["fewer than no bytes", { ...progress, bytesDone: -1 }],
  ["trouble that is no text", { ...progress, trouble: 7 }],
  ["no digest", { ...learned, digest: "sha256:1" }],
  ["no facts", { ...learned, facts: undefined }],
  ["facts without problems", { ...learned, facts: { ...facts, problems: undefined } }],
  ["problems that are no texts", { ...learned, facts: { ...facts, problems: [7] } }],
  ["another kind", { kind: "other" }],
  ["a list", [learned]],
  ["nothing", null],
])("not taken: %s", (_what, line) => {
  expect(imageJobLine(JSON.stringify(line))).toBeUndefined();
});

test("not taken: what is no JSON, or too long", () => {
  expect(imageJobLine("(node:1) Warning: something")).toBeUndefined();
  expect(imageJobLine(JSON.stringify({ ...failed, message: "x".repeat(2 << 20) }))).toBeUndefined();
});
