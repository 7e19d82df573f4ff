import { readFile } from "node:fs/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { OSInstallationReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { failureCauses } from "../../contract/failure-cause.ts";
import { failureOf } from "../messages/failure-of.ts";
import { failureRemedies } from "./failure-remedies.ts";

const failed = { title: "web1", generation: 3n, hardwareReported: true };

test("X12: each cause has a section of its own in the documentation, and none is there for another", async () => {
  const text = await readFile(new URL("../../../docs/installation-failures.md", import.meta.url), "utf8");
  expect(Array.from(text.matchAll(/^## (.+)$/gmu), ([, heading]) => heading)).toEqual([...failureCauses]);
});

test("X12: what only another request mends does not have the same tried again first", () => {
  const order = (cause: (typeof failureCauses)[number]): string[] =>
    failureRemedies(cause, failed).flatMap((text) => /farrier machine (?:retry|install)/u.exec(text)?.[0] ?? []);
  expect(order("disk-too-small")).toEqual(["farrier machine install", "farrier machine retry"]);
  expect(order("image-unreachable")).toEqual(["farrier machine retry", "farrier machine install"]);
  for (const cause of failureCauses) {
    const [mend, ...rest] = failureRemedies(cause, failed);
    expect(mend).not.toMatch(/machine retry/u);
    expect(rest.at(-1)).toBe(`read about this cause: docs/installation-failures.md#${cause}`);
  }
});

test("X12: the cause is what the agent's report says, and else what its text shows", () => {
  const at = new Date();
  const report = create(OSInstallationReportSchema, {
    generation: 3n,
    result: { case: "error", value: { error: "it broke", cause: "disk-failed" } },
  });
  const reportRaw = toBinary(OSInstallationReportSchema, report);
  const final = { result: "error", error: "it broke", at, by: "agent" } as const;
  expect(failureOf({ ...final, reportRaw })).toBe("disk-failed");
  expect(failureOf(final)).toBe("other");
  expect(failureOf({ ...final, reportRaw: Uint8Array.of(255), error: "http://a answered 404 x" })).toBe(
    "image-not-found",
  );
  expect(failureOf({ ...final, error: "three agents began, none reported", by: "system" })).toBe("runs-exhausted");
  expect(failureOf({ result: "success", at, by: "agent" })).toBeUndefined();
});
