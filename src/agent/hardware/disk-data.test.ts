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
      availableSpareLimitRatio: Math.fround(0.1),
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
      smartAttribute: [
        expect.objectContaining({ number: 187, raw: 3n }),
        expect.objectContaining({ number: 198, raw: 7n }),
      ],
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

  const row = (id: number, name: string, value: number, thresh: number, raw: number, failed = ""): object => ({
    id,
    name,
    value,
    worst: value,
    thresh,
    when_failed: failed,
    raw: { value: raw, string: String(raw) },
  });
  const attributes = (...table: object[]): unknown => ({
    smart_status: { passed: true },
    ata_smart_attributes: { table },
  });

  test("H12: raised counts of damage are told with the disk's mark and its limit; others are not", () => {
    const health = smart(
      attributes(
        row(1, "Raw_Read_Error_Rate", 83, 44, 201_000_000),
        row(5, "Reallocated_Sector_Ct", 98, 10, 12),
        row(9, "Power_On_Hours", 50, 0, 44_000),
        row(187, "Reported_Uncorrect", 100, 0, 0),
        row(197, "Current_Pending_Sector", 100, 0, 8),
      ),
    );
    expect(health).toMatchObject({ criticalWarning: false, mediaErrors: 0n });
    expect(health?.smartAttribute).toMatchObject([
      { number: 5, name: "Reallocated_Sector_Ct", value: 98, worst: 98, limit: 10, raw: 12n, failing: false },
      { number: 197, value: 100, limit: 0, raw: 8n, failing: false },
    ]);
  });

  test("H12: whatever is at its limit is told, as failing", () => {
    const health = smart(
      attributes(row(10, "Spin_Retry_Count", 97, 97, 65_536), row(3, "Spin_Up_Time", 20, 21, 1, "now")),
    );
    expect(health?.smartAttribute).toMatchObject([
      { number: 3, limit: 21, failing: true },
      { number: 10, limit: 97, failing: true },
    ]);
  });

  test("H12: when makers pack several figures into one value, the right figure is read", () => {
    const packed = { ...row(5, "Reallocated_Sector_Ct", 100, 10, 0), raw: { value: 8_590_000_000, string: "2 (0 3)" } };
    expect(smart(attributes(packed))?.smartAttribute).toMatchObject([{ number: 5, raw: 2n }]);
  });

  test.each([
    [177, "Wear_Leveling_Count"],
    [202, "Percent_Lifetime_Remain"],
    [231, "SSD_Life_Left"],
    [233, "Media_Wearout_Indicator"],
  ])("H12: an SSD's wear is read from attribute %s (%s)", (id, name) => {
    const health = smart(attributes(row(id, name, 3, 1, 97)));
    expect(health).toMatchObject({
      usageRatio: Math.fround(0.97),
      smartAttribute: [{ number: id, value: 3, limit: 1 }],
    });
  });

  test("H12: of several marks of wear the worst counts; spare blocks come with their limit", () => {
    const health = smart(
      attributes(
        row(177, "Wear_Leveling_Count", 60, 0, 1),
        row(231, "SSD_Life_Left", 90, 10, 90),
        row(232, "Available_Reservd_Space", 95, 10, 0),
      ),
    );
    expect(health).toMatchObject({
      usageRatio: Math.fround(0.4),
      availableSpareRatio: Math.fround(0.95),
      availableSpareLimitRatio: Math.fround(0.1),
    });
  });

  test("H12: the same numbers on other disks are no wear", () => {
    const table = attributes(
      row(202, "Data_Address_Mark_Errs", 100, 0, 0),
      row(231, "Temperature_Celsius", 34, 0, 34),
      row(233, "Lifetime_Writes_GiB", 0, 0, 5_000),
    );
    expect(smart(table)).toEqual({ criticalWarning: false });
    const rotating = smartHealth(Buffer.from(JSON.stringify(attributes(row(233, "", 1, 0, 1)))), true);
    expect(rotating).toEqual({ criticalWarning: false });
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
