import { create } from "@bufbuild/protobuf";
import { EFISupport, NodeSchema, SecureBoot } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import type { BlockDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { AgentHardwareReport } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import { systemClock } from "../../lib/clock.ts";
import { errorText } from "../errors.ts";
import { blockDevices } from "./block-devices.ts";
import { bmc } from "./bmc.ts";
import { cpus } from "./cpu.ts";
import { diskHealth } from "./disk-health.ts";
import { efiSupport, secureBoot } from "./efi.ts";
import { identity, smbiosIdentity } from "./identity.ts";
import { memory, noMemory } from "./memory.ts";
import { networkInterfaces } from "./network-interfaces.ts";
import { numaNodes } from "./numa.ts";
import { pciDevices } from "./pci.ts";
import { reportWithinLimit } from "./report-limit.ts";
import { smbios } from "./smbios.ts";
import type { Smbios } from "./smbios.ts";
import type { RunTool } from "./tool.ts";
import { runTool } from "./tool.ts";
import { tpm } from "./tpm.ts";
import { hardwareTree, type Tree } from "./tree.ts";

/** Milliseconds for one probe; reading a file of a device that hangs may never end. */
const probeLimit = 20_000;

/**
 * The machine's hardware, as far as it can be read; every failure is a warning, never an error. `root` replaces "/" in
 * tests and for recorded trees; disks' health is queried only with `run`. `onlyDisks` replaces the machine's own disks,
 * for an agent that writes no others. `tree` replaces the one of `root`, for a recording. `warnings` adds further
 * warnings.
 */
export async function hardwareReport(
  options: {
    root?: string;
    tree?: Tree;
    onlyDisks?: readonly BlockDevice[];
    warnings?: () => Promise<readonly string[]>;
    run?: RunTool;
    clock?: Clock;
    limitMs?: number;
  } = {},
): Promise<AgentHardwareReport> {
  const { root = "/", clock = systemClock, limitMs = probeLimit } = options;
  const run = options.run ?? (root === "/" ? runTool : undefined);
  const tree = options.tree ?? hardwareTree(root);
  const probe = async <Value>(what: string, ask: () => Promise<Value>, otherwise: Value): Promise<Value> => {
    const ended = new AbortController();
    const late = clock.sleep(limitMs, ended.signal).then(() => {
      throw new Error(`not read within ${limitMs / 1000} s`);
    });
    try {
      return await Promise.race([ask(), late]);
    } catch (error) {
      // A fault in one part must not hide the other parts.
      tree.warn(`${what}: ${errorText(error)}`);
      return otherwise;
    } finally {
      ended.abort();
      await late.catch(() => undefined);
    }
  };
  const none: Smbios = { version: 0, structures: [] };
  const tables = await probe("firmware tables", () => smbios(tree), none);
  const disks = await probe("disks", async () => (await blockDevices(root, tree)).devices, []);
  // Started first, because the programs take longer than everything else here.
  const healthKnown =
    run === undefined ? undefined : probe("health of disks", () => diskHealth(tree, disks, run), undefined);
  const node = create(NodeSchema, {
    ...(await probe("identity", () => identity(tree, tables), smbiosIdentity(none))),
    ...(await probe("memory", () => memory(tree, tables), noMemory)),
    cpu: await probe("processors", () => cpus(tree), []),
    numaNode: await probe("NUMA", () => numaNodes(tree), []),
    blockDevice: [...(options.onlyDisks ?? disks)],
    networkInterface: await probe("network interfaces", () => networkInterfaces(tree, run), []),
    pciDevice: await probe("PCI", () => pciDevices(tree), []),
    efiSupport: await probe("EFI", () => efiSupport(tree, tables), EFISupport.EFI_SUPPORT_UNKNOWN),
    secureBoot: await probe("secure boot", () => secureBoot(tree), SecureBoot.UNKNOWN),
  });
  const security = await probe("TPM", () => tpm(tree, tables), undefined);
  const controller = await probe("BMC", () => bmc(tree, tables), undefined);
  if (security !== undefined) {
    node.tpm = security;
  }
  if (controller !== undefined) {
    node.bmc = controller;
  }
  await healthKnown;
  for (const warning of (await options.warnings?.()) ?? []) {
    tree.warn(warning);
  }
  return reportWithinLimit(create(AgentHardwareReportSchema, { report: node, warning: [...tree.warnings()] }));
}
