import { toJson } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { AgentHardwareReportSchema } from "../gen/cloud/bmaas/server/api/agent_pb.ts";
import { hardwareReport } from "../src/agent/hardware/report.ts";
import { recorded, recordedNames } from "../src/agent/hardware/testing/recorded.ts";
import { fileTree, type FileTree } from "../test/support/file-tree.ts";
import { hardwareRecord, type Recording } from "./hardware-record.ts";

function filesOf(recording: Recording): FileTree {
  const files = Object.entries(recording).filter(([path]) => !path.startsWith("smart/"));
  return Object.fromEntries(
    files.map(([path, value]): [string, FileTree[string]] => [
      path,
      value !== null && typeof value === "object" && "base64" in value ? Buffer.from(value.base64, "base64") : value,
    ]),
  );
}

test.each(recordedNames)("what is recorded of %s gives the same report again", async (name) => {
  const { files, run } = recorded(name);
  await using original = await fileTree(files);
  const recording = await hardwareRecord(original.root, run);
  await using again = await fileTree(filesOf(recording));
  const report = async (root: string): Promise<unknown> =>
    toJson(AgentHardwareReportSchema, await hardwareReport({ root, run }));
  expect(await report(again.root)).toEqual(await report(original.root));
});

test("what programs answered about disks is recorded too", async () => {
  const { files, run } = recorded("q35-mixed");
  await using original = await fileTree(files);
  const recording = await hardwareRecord(original.root, run);
  expect(Object.keys(recording).filter((path) => path.startsWith("smart/"))).toEqual([
    "smart/nvme0.bin",
    "smart/sdb.json",
    "smart/sdc.json",
  ]);
});
