import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diskIds } from "./disk-ids.ts";
import { nvmeHealth } from "./nvme-health.ts";
import { hexNumber } from "./pci.ts";
import { smartHealth } from "./smart-health.ts";
import { ataIdentity, designators, unitSerialNumber } from "./vital-data.ts";

const smart = (said: unknown): ReturnType<typeof smartHealth> => smartHealth(Buffer.from(JSON.stringify(said)));

describe("an NVMe disk's health", () => {
  test("is read by the specification's offsets", () => {
    const page = Buffer.alloc(512);
    page[0] = 0x04;
    page.writeUInt16LE(273 + 41, 1);
    page.set([97, 10, 104], 3);
    page.writeBigUInt64LE(2n, 48);
    page.writeBigUInt64LE(12n, 112);
    page.writeBigUInt64LE(31_000n, 128);
    page.writeBigUInt64LE(5n, 144);
    page.fill(0xff, 160, 176);
    expect(nvmeHealth(page)).toEqual({
      criticalWarning: true,
      temperatureCelsius: 41,
      availableSpareRatio: Math.fround(0.97),
      usageRatio: Math.fround(1.04),
      writtenBytes: 1_024_000n,
      powerCycles: 12n,
      powerOnHours: 31_000n,
      unsafeShutdowns: 5n,
      // Counters have 128 bits, the report's fields 63.
      mediaErrors: (1n << 63n) - 1n,
    });
    expect(nvmeHealth(page.subarray(0, 511))).toBeUndefined();
  });
});

describe("what smartctl says", () => {
  test("of a worn SATA disk", () => {
    expect(
      smart({
        smart_status: { passed: false },
        temperature: { current: 39 },
        power_on_time: { hours: 40_111 },
        power_cycle_count: 31,
        endurance_used: { current_percent: 96 },
        spare_available: { current_percent: 8 },
        ata_smart_attributes: {
          table: [
            { id: 198, raw: { value: 7 } },
            { id: 187, raw: { value: 3 } },
          ],
        },
      }),
    ).toEqual({
      criticalWarning: true,
      temperatureCelsius: 39,
      powerOnHours: 40_111n,
      powerCycles: 31n,
      usageRatio: Math.fround(0.96),
      availableSpareRatio: Math.fround(0.08),
      mediaErrors: 3n,
    });
  });

  test("of a SAS disk", () => {
    expect(
      smart({
        smart_status: { passed: true },
        scsi_grown_defect_list: 2,
        scsi_percentage_used_endurance_indicator: 4,
      }),
    ).toEqual({ criticalWarning: false, mediaErrors: 2n, usageRatio: Math.fround(0.04) });
  });

  test.each([
    ["a disk without any such thing", { smart_support: { available: false } }, {}],
    ["nothing", {}, undefined],
    ["no object", [1, "x", null], undefined],
    [
      "other types",
      { smart_status: { passed: "yes" }, temperature: { current: -4 }, power_cycle_count: 1.5 },
      undefined,
    ],
  ])("%s", (_what, said, health) => {
    expect(smart(said)).toEqual(health);
  });
});

describe("names below /dev/disk/by-id", () => {
  const plain = {
    transport: "",
    vendor: "",
    model: "",
    serialNumber: "",
    namespace: 0,
    usbSerialNumber: "",
    address: "",
    wwid: "",
    ataWwn: new Uint8Array(),
    designators: [],
  };

  test.each([
    [
      {
        ...plain,
        transport: "pcie",
        model: "KXG60ZNV256G  TOSHIBA",
        serialNumber: "79PA/x",
        wwid: "eui.1",
        namespace: 1,
      },
      ["nvme-KXG60ZNV256G__TOSHIBA_79PA_x", "nvme-KXG60ZNV256G__TOSHIBA_79PA_x_1", "nvme-eui.1"],
    ],
    [{ ...plain, transport: "ata", model: "ST  2", serialNumber: "Z 1" }, ["ata-ST_2_Z_1"]],
    [{ ...plain, transport: "virtio", serialNumber: "a b" }, ["virtio-a_b"]],
    [
      {
        ...plain,
        transport: "sas",
        designators: [
          { type: 1, codeSet: 2, value: Buffer.from("ACME    X") },
          { type: 3, codeSet: 1, value: Buffer.from("5000c500aaaa0001", "hex") },
        ],
      },
      ["scsi-35000c500aaaa0001", "wwn-0x5000c500aaaa0001"],
    ],
    [{ ...plain, transport: "ata" }, []],
    [{ ...plain, transport: "mmc", serialNumber: "0x1" }, []],
    [{ ...plain, transport: "ata", model: "ST2", serialNumber: "Z1", ataCut: true }, []],
  ])("case %#", (disk, names) => {
    expect(diskIds(disk)).toEqual(names);
  });
});

test("whatever disks and files say, nothing throws", () => {
  const bytes = fc.uint8Array({ maxLength: 700 }).map((values) => Buffer.from(values));
  // Pages with a true head, and as many bytes as they should have.
  const page = fc
    .tuple(fc.constantFrom(0x80, 0x83, 0x89), fc.uint8Array({ minLength: 570, maxLength: 600 }))
    .map(([code, values]) => Buffer.from([0, code, 0x02, 0x38, ...values]));
  fc.assert(
    fc.property(fc.oneof(bytes, page), fc.json(), fc.string({ unit: "binary" }), (data, json, text) => {
      ataIdentity(data);
      unitSerialNumber(data);
      expect(designators(data).length).toBeLessThanOrEqual(64);
      nvmeHealth(data);
      smartHealth(data);
      smartHealth(Buffer.from(json));
      expect(hexNumber(text, 16)).toBeLessThan(65_536);
      for (const transport of ["ata", "usb", "scsi", "virtio", "pcie", text]) {
        diskIds({
          transport,
          vendor: text,
          model: text,
          serialNumber: text,
          namespace: 1,
          usbSerialNumber: text,
          address: text,
          wwid: text,
          ataWwn: data,
          designators: designators(data),
        });
      }
    }),
  );
});
