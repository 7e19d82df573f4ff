import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BlockDevice_Protocol, EFISupport, SecureBoot } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import type { Node } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { DiskSelectorSchema } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { FileTree } from "../../../test/support/file-tree.ts";
import { fileTree } from "../../../test/support/file-tree.ts";
import { diskSelect, diskSelectors } from "../../contract/select-disk.ts";
import { hardwareReport } from "./report.ts";
import type { RunTool } from "./tool.ts";
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
  test("disks have the names that udev gave them, and no others", async (context) => {
    const { udev } = recorded(name);
    context.skip(udev.byPath.size === 0, "that machine had no udev");
    const { node } = await report(name);
    expect(node.blockDevice.length).toBeGreaterThan(0);
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

describe("what is read of", () => {
  test("a PC with BIOS, and SCSI controllers of three makes", async () => {
    const { node, warning } = await report("pc-scsi");
    // A volume of a RAID controller.
    expect(warning).toEqual(["the health of sdd is unknown: smartctl got no answer from it"]);
    expect(node).toMatchObject({
      manufacturer: "QEMU",
      efiSupport: EFISupport.EFI_SUPPORT_UNSUPPORTED,
      secureBoot: SecureBoot.UNSUPPORTED,
      firmware: { vendor: "SeaBIOS" },
    });
    expect([node.tpm, node.bmc]).toEqual([undefined, undefined]);
    expect(node.blockDevice.map(({ name, transport, protocol }) => [name, transport, protocol])).toEqual([
      ["sda", "ata", BlockDevice_Protocol.ATA],
      ["sdb", "ata", BlockDevice_Protocol.ATA],
      ["sdc", "scsi", BlockDevice_Protocol.SCSI],
      ["sdd", "scsi", BlockDevice_Protocol.SCSI],
      ["sde", "sas", BlockDevice_Protocol.SCSI],
      ["vda", "virtio", BlockDevice_Protocol.UNKNOWN],
    ]);
    expect(node.networkInterface.map(({ name, driver, pciAddress }) => [name, driver, pciAddress])).toEqual([
      ["ens7", "e1000", "0000:00:07.0"],
      ["ens8", "8139cp", "0000:00:08.0"],
    ]);
  });

  test("a PC with disks on every kind of bus", async () => {
    const { node, warning } = await report("q35-mixed");
    expect(warning).toEqual([]);
    expect(node).toMatchObject({
      manufacturer: "Acme",
      serialNumber: "SN-1",
      smbiosUuid: "a3bb189e-8bf9-3888-9912-ace4e6543002",
      memoryDevice: [{ manufacturer: "Hynix", partNumber: "HMA82GR7", speedMts: 3200, sizeBytes: 768n << 20n }],
    });
    expect(node.blockDevice).toMatchObject([
      { name: "nvme0n1", transport: "pcie", serialNumber: "NVME-0001", temperatureCelsius: 50, mediaErrors: 0n },
      { name: "sda", transport: "scsi", serialNumber: "SCSI-77" },
      // The model has more characters than SCSI's inquiry shows.
      { name: "sdb", transport: "ata", deviceModel: "ST2000NX0253", firmwareVersion: "2.5+", powerOnHours: 1n },
      { name: "sdc", transport: "ata", firmwareVersion: "SN05", rotational: false, temperatureCelsius: 31 },
      { name: "sdd", transport: "usb", serialNumber: "USB123" },
      { name: "vda", transport: "virtio", serialNumber: "VIRT-01" },
    ]);
  });

  test("a server with UEFI, two NUMA nodes, TPM and management controller", async () => {
    const { node, warning } = await report("q35-uefi-numa");
    expect(warning).toEqual([]);
    expect(node).toMatchObject({
      smbiosUuid: "7d5a3c1e-0000-4000-8000-00000000abcd",
      efiSupport: EFISupport.EFI_SUPPORT_ENABLED,
      // No platform key in this firmware.
      secureBoot: SecureBoot.SETUP,
      tpm: { version: "2.0", driver: "tpm_crb" },
      bmc: { interface: "KCS", ipmiVersion: "2.0", baseAddress: 0xca2n, firmwareVersion: "0.0" },
      numaNode: [
        { number: 0, cpus: "0-1", distance: [10, 21] },
        { number: 1, cpus: "2-3", distance: [21, 10], memoryBytes: 519_618_560n },
      ],
    });
    // The second controller is behind the second node's root; the first one's namespaces are shown below its subsystem.
    expect(node.blockDevice.map(({ name, pciAddress, numaNode }) => [name, pciAddress, numaNode])).toEqual([
      ["nvme0n1", "0000:00:01.0", undefined],
      ["nvme0n2", "0000:00:01.0", undefined],
      ["nvme1n1", "0000:81:00.0", 1],
    ]);
    expect(node.pciDevice.find(({ class: code }) => code >> 16 === 0x03)).toMatchObject({ vendorId: 0x1234 });
    // Host bridges are the processor's own.
    expect(node.pciDevice.filter(({ class: code }) => code >> 8 === 0x0600)).toEqual([]);
    expect(node.pciDevice.length).toBeGreaterThan(5);
  });

  test("a machine whose firmware has no tables", async () => {
    const { node, warning } = await report("without-firmware");
    expect(warning).toEqual([
      "the firmware's tables are not there (/sys/firmware/dmi/tables): memory devices and the board are unknown",
      "the firmware does not say what this machine is (/sys/class/dmi/id)",
      "the firmware's tables do not report the installed memory: the report has what the kernel can use instead",
    ]);
    expect(node.efiSupport).toBe(EFISupport.EFI_SUPPORT_UNKNOWN);
    expect(node.blockDevice).toMatchObject([{ name: "vda", byPath: ["pci-0000:00:02.0", "virtio-pci-0000:00:02.0"] }]);
  });
});

test.each(["q35-mixed", "q35-uefi-numa"])("%s with garbage in its files never makes a probe throw", async (name) => {
  const { files, run } = recorded(name);
  const paths = Object.keys(files);
  const texts = Object.values(files).filter((value) => typeof value === "string" || value instanceof Uint8Array);
  const spoilt = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc.string({ unit: "binary", maxLength: 60 }),
    // What another file says, a loop, a way out, a name that is far too long, and nothing at all.
    fc.constantFrom(...texts),
    fc.constantFrom({ link: "." }, { link: "../../../../../../../../.." }, { link: `/${"x".repeat(2000)}` }, null),
    fc.constantFrom("0x", "-1\n", "99999999999999999999\n", "\0\0\0", "9".repeat(5000)),
  );
  const changes = fc.array(fc.tuple(fc.nat({ max: paths.length - 1 }), spoilt), { minLength: 1, maxLength: 40 });
  const garbled: RunTool = async (program, args) => {
    const outcome = await run(program, args);
    return outcome.kind === "ran" ? { kind: "ran", output: outcome.output.subarray(0, 300) } : outcome;
  };
  await fc.assert(
    fc.asyncProperty(changes, async (entries) => {
      const changed = Object.fromEntries(entries.map(([at, value]) => [paths[at] ?? "", value]));
      await using tree = await fileTree(spoiltTree({ ...files, ...changed }));
      const result = await hardwareReport({ root: tree.root, run: garbled, limitMs: 60_000 });
      const bytes = toBinary(AgentHardwareReportSchema, result);
      expect(bytes.length).toBeLessThanOrEqual(512 << 10);
      expect(result.warning.length).toBeLessThanOrEqual(64);
      // What is sent can be read again, and be shown.
      const told = toJsonString(AgentHardwareReportSchema, fromBinary(AgentHardwareReportSchema, bytes));
      expect(told.includes("\\u0000")).toBe(false);
    }),
    { numRuns: 15 },
  );
});

/** A file or link that stands where a folder is needed goes before what is in that folder. */
function spoiltTree(files: FileTree): FileTree {
  const leaves = new Set(Object.keys(files).filter((path) => files[path] !== null));
  const below = (path: string): boolean => {
    const parts = path.split("/");
    return parts.some((_, index) => index > 0 && leaves.has(parts.slice(0, index).join("/")));
  };
  return Object.fromEntries(Object.entries(files).filter(([path]) => !below(path)));
}

test("a disk that cannot be asked for its health is a warning, one for all that lack the same program", async () => {
  const { files } = recorded("q35-mixed");
  await using tree = await fileTree(files);
  const absent = await hardwareReport({ root: tree.root, run: () => Promise.resolve({ kind: "absent" }) });
  expect(absent.warning).toEqual([
    "the health of nvme0n1 is unknown: there is no program nvme here",
    "the health of sdb, sdc is unknown: there is no program smartctl here",
  ]);
  // The kernel's own sensor stands in.
  expect(absent.report?.blockDevice[0]?.temperatureCelsius).toBe(50);
  const failed = await hardwareReport({
    root: tree.root,
    run: () => Promise.resolve({ kind: "ran", output: Buffer.from("nonsense") }),
  });
  expect(failed.warning).toContain("the health of sdb is unknown: smartctl got no answer from it");
});

test("a probe that never ends costs a warning, and the others are heard", async () => {
  const { files } = recorded("q35-mixed");
  await using tree = await fileTree(files);
  const found = await hardwareReport({ root: tree.root, run: () => new Promise(() => undefined), limitMs: 2_000 });
  expect(found.warning).toEqual(["health of disks: not read within 2 s"]);
  expect(found.report?.blockDevice).toHaveLength(6);
});
