import { create, toBinary } from "@bufbuild/protobuf";
import { EFISupport, NodeSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import type { BlockDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { AgentHardwareReport } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { errorText } from "../errors.ts";
import { blockDevices } from "./block-devices.ts";
import { cpus } from "./cpu.ts";
import { dmi } from "./dmi.ts";
import { efiSupport } from "./efi.ts";
import { memory } from "./memory.ts";
import { networkInterfaces } from "./network-interfaces.ts";
import { hardwareTree } from "./tree.ts";

// The server refuses a greater one (WIRE.md).
const reportLimit = 512 << 10;

/**
 * What is in this machine, as far as it can be read; whatever cannot is a warning, never an error. `root` stands for
 * "/", for tests; `otherDisks` are listed after the machine's own.
 */
export async function hardwareReport(
  options: { root?: string; otherDisks?: readonly BlockDevice[] } = {},
): Promise<AgentHardwareReport> {
  const root = options.root ?? "/";
  const tree = hardwareTree(root);
  const probe = async <Value>(what: string, run: () => Promise<Value>, otherwise: Value): Promise<Value> => {
    try {
      return await run();
    } catch (error) {
      // A machine that is odd in one part still reports the others.
      tree.warn(`${what}: ${errorText(error)}`);
      return otherwise;
    }
  };
  const identity = await probe("identity", () => dmi(tree), { manufacturer: "", product: "", serialNumber: "" });
  const { installedBytes, usableRatio } = await probe("memory", () => memory(tree), {
    installedBytes: 0n,
    usableRatio: 0,
  });
  const disks = await probe("disks", async () => (await blockDevices(root, tree)).devices, []);
  const node = create(NodeSchema, {
    ...identity,
    memoryInstalledBytes: installedBytes,
    memoryUsableRatio: usableRatio,
    cpu: await probe("processors", () => cpus(tree), []),
    blockDevice: [...disks, ...(options.otherDisks ?? [])],
    networkInterface: await probe("network interfaces", () => networkInterfaces(tree), []),
    efiSupport: await probe("EFI", () => efiSupport(tree), EFISupport.EFI_SUPPORT_UNKNOWN),
  });
  return withinLimit(create(AgentHardwareReportSchema, { report: node, warning: tree.warnings() }));
}

/** Leaves out what people miss least until the report is one that the server takes. */
function withinLimit(report: AgentHardwareReport): AgentHardwareReport {
  const size = (): number => toBinary(AgentHardwareReportSchema, report).length;
  const node = report.report;
  if (node === undefined || size() <= reportLimit) {
    return report;
  }
  report.warning = [...report.warning.slice(0, -1), "the report was too large: part of its lists is left out"];
  for (const device of node.blockDevice) {
    device.byPath = [];
  }
  while (size() > reportLimit) {
    node.blockDevice = node.blockDevice.slice(0, Math.floor(node.blockDevice.length / 2));
    node.networkInterface = node.networkInterface.slice(0, Math.ceil(node.networkInterface.length / 2));
    node.cpu = node.cpu.slice(0, Math.ceil(node.cpu.length / 2));
  }
  return report;
}
