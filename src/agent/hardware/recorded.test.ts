import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { Node } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { DiskSelectorSchema } from "../../../gen/farrier/agent/v1/image_pb.ts";
import { fileTree } from "../../../test/support/file-tree.ts";
import { diskSelect, diskSelectors } from "../../contract/select-disk.ts";
import { hardwareReport } from "./report.ts";
import { recorded, recordedNames } from "./testing/recorded.ts";

async function report(name: string): Promise<{ node: Node; warning: string[] }> {
  const { files, run } = recorded(name);
  await using tree = await fileTree(files);
  const found = await hardwareReport({ root: tree.root, run });
  expect(found.report).toBeDefined();
  expect(toBinary(AgentHardwareReportSchema, found).length).toBeLessThan(32 << 10);
  return { node: found.report as Node, warning: found.warning };
}

describe.each(recordedNames)("%s", (name) => {
  test("disks have the names that udev gave them, and no others", async () => {
    const { node } = await report(name);
    const { udev } = recorded(name);
    expect(node.blockDevice.length).toBeGreaterThan(1);
    const claimed = new Map<string, string[]>();
    for (const device of node.blockDevice) {
      expect([device.name, device.byPath.toSorted()]).toEqual([device.name, udev.byPath.get(device.name) ?? []]);
      for (const id of device.byId) {
        claimed.set(id, [...(claimed.get(id) ?? []), device.name]);
      }
    }
    // A name that two disks claim, such as a controller's for each of its namespaces, is one disk's alone with udev: whose, is chance.
    for (const [owner, ids] of udev.byId) {
      for (const id of ids.filter(() => node.blockDevice.some((device) => device.name === owner))) {
        expect(claimed.get(id), id).toContain(owner);
        claimed.delete(id);
      }
    }
    expect([...claimed.keys()]).toEqual([]);
  });

  test("each disk is selected by each selector that is offered for it", async () => {
    const { node } = await report(name);
    const disks = node.blockDevice.map((device) => ({ device }));
    for (const { device } of disks) {
      const offered = diskSelectors(device, node.blockDevice);
      expect(offered.length, device.name).toBeGreaterThan(1);
      expect(offered.at(-1)).toBe(`name=${device.name}`);
      for (const path of device.byPath) {
        const selector = create(DiskSelectorSchema, { byPath: `/dev/disk/by-path/${path}` });
        expect(diskSelect(disks, selector)).toMatchObject({ kind: "one", disk: { device: { name: device.name } } });
      }
    }
  });
});
