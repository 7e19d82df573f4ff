import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { smbiosBmc } from "./bmc.ts";
import { smbiosIdentity, uuidText } from "./identity.ts";
import { smbiosMemory } from "./memory.ts";
import { smbiosParse, type Smbios } from "./smbios.ts";
import { madeMemoryDevice, smbiosEntryPoint, smbiosTable, type MadeStructure } from "./testing/smbios-tables.ts";
import { smbiosTpm, tpmCaps } from "./tpm.ts";

const tables = (structures: readonly MadeStructure[], version: [number, number] = [3, 4]): Smbios =>
  smbiosParse(smbiosEntryPoint(...version), smbiosTable(structures));

const uuid = [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];

const server: MadeStructure[] = [
  { type: 0, length: 0x18, text: { 0x04: "Dell Inc.", 0x05: "1.15.2", 0x08: "09/12/2024" } },
  {
    type: 1,
    length: 0x1b,
    bytes: { 0x08: uuid },
    text: { 0x04: "Dell Inc.", 0x05: "PowerEdge R660", 0x06: "Not Specified", 0x07: "7X2K9Z3", 0x19: "SKU=0A6B" },
  },
  {
    type: 2,
    length: 0x0f,
    text: { 0x04: "Dell Inc.", 0x05: "0M58GC", 0x06: "A02", 0x07: ".7X2K9Z3.CNFCP0033.", 0x08: "Default string" },
  },
  { type: 3, length: 0x16, bytes: { 0x05: [0x80 | 0x17], 0x11: [1] }, text: { 0x04: "Dell Inc.", 0x07: "7X2K9Z3" } },
  {
    type: 16,
    length: 0x17,
    handle: 0x1000,
    bytes: { 0x05: [3], 0x06: [6] },
    doubles: { 0x07: 0x8000_0000 },
    quads: { 0x0f: 8n << 40n },
  },
  madeMemoryDevice(0x7fff, 32 * 1024, {
    bytes: { 0x0e: [9], 0x12: [0x22], 0x1b: [2] },
    words: { 0x04: 0x1000, 0x08: 80, 0x0a: 64, 0x15: 4800, 0x20: 4400 },
    text: { 0x10: "A1", 0x17: "00AD063200AD", 0x18: "8D1A2B3C", 0x19: "01214361", 0x1a: "HMCG88AGBRA193N" },
  }),
  madeMemoryDevice(0, 0, { words: { 0x04: 0x1000 }, text: { 0x10: "A2", 0x17: "left over" } }),
  // Flash that the firmware is in: no memory.
  { type: 16, length: 0x0f, handle: 0x1001, bytes: { 0x05: [5], 0x06: [3] }, doubles: { 0x07: 16_384 } },
  madeMemoryDevice(16, 0, { words: { 0x04: 0x1001 } }),
];

describe("the firmware's tables", () => {
  test("say what the machine is", () => {
    expect(smbiosIdentity(tables(server))).toMatchObject({
      manufacturer: "Dell Inc.",
      product: "PowerEdge R660",
      productVersion: "",
      serialNumber: "7X2K9Z3",
      skuNumber: "SKU=0A6B",
      smbiosUuid: "00112233-4455-6677-8899-aabbccddeeff",
      firmware: { vendor: "Dell Inc.", version: "1.15.2", releaseDate: "09/12/2024" },
      board: { product: "0M58GC", version: "A02", serialNumber: ".7X2K9Z3.CNFCP0033.", assetTag: "" },
      chassis: { kind: "rack mount", heightUnits: 1, serialNumber: "7X2K9Z3" },
    });
  });

  test("say what memory there is, and in which slots", () => {
    const found = smbiosMemory(tables(server));
    expect(found).toMatchObject({ memoryMaximumBytes: 8n << 40n, memoryErrorCorrection: "multi-bit ECC" });
    expect(found.memoryDevice).toMatchObject([
      {
        locator: "A1",
        sizeBytes: 32n << 30n,
        kind: "DDR5",
        formFactor: "DIMM",
        speedMts: 4800,
        configuredSpeedMts: 4400,
        manufacturer: "00AD063200AD",
        serialNumber: "8D1A2B3C",
        assetTag: "01214361",
        partNumber: "HMCG88AGBRA193N",
        ranks: 2,
        totalWidthBits: 80,
        dataWidthBits: 64,
      },
      { locator: "A2", sizeBytes: 0n, manufacturer: "" },
    ]);
  });

  test("of version 2.x are read too; before 2.6 the UUID was written another way", () => {
    expect(tables(server, [2, 8]).version).toBe(0x0208);
    expect(smbiosIdentity(tables(server, [2, 4])).smbiosUuid).toBe("33221100-5544-7766-8899-aabbccddeeff");
    expect(uuidText(Buffer.alloc(16), 0x0300)).toBe("");
    expect(uuidText(Buffer.alloc(16, 0xff), 0x0300)).toBe("");
  });

  test("name a management controller by its interface, and its Redfish service", () => {
    const data = Buffer.alloc(91 + 7);
    data[51] = 1;
    data.set([169, 254, 1, 1], 52);
    data.writeUInt16LE(443, 84);
    data[90] = 7;
    data.write("idrac-1", 91);
    const interfaceData = [1, 2, 3, 4];
    const redfish: MadeStructure = {
      type: 42,
      length: 7 + interfaceData.length + 2 + data.length,
      bytes: {
        0x04: [0x40],
        0x05: [interfaceData.length],
        0x06: interfaceData,
        [6 + interfaceData.length]: [1, 4, data.length, ...data],
      },
    };
    const ipmi: MadeStructure = { type: 38, length: 0x12, bytes: { 0x04: [1], 0x05: [0x20] }, quads: { 0x08: 0xca3n } };
    const address = { redfishAddress: "169.254.1.1", redfishPort: 443, redfishHostname: "idrac-1" };
    expect(smbiosBmc(tables([ipmi, redfish]))).toMatchObject({
      interface: "KCS",
      ipmiVersion: "2.0",
      baseAddress: 0xca2n,
      ...address,
    });
    expect(smbiosBmc(tables([redfish]))).toMatchObject({ interface: "Redfish", ...address });
    expect(smbiosBmc(tables([]))).toBeUndefined();
  });

  test("name a TPM", () => {
    const entry = {
      type: 43,
      length: 0x1f,
      bytes: { 0x04: [...Buffer.from("INTC")], 0x08: [2, 0] },
      doubles: { 0x0a: (500 << 16) | 14 },
    };
    expect(smbiosTpm(tables([entry]))).toEqual({ version: "2.0", manufacturer: "INTC", firmwareVersion: "500.14" });
    expect(tpmCaps(["Manufacturer: 0x53544d20", "TCG version: 1.2", "Firmware version: 13.12"])).toEqual({
      version: "1.2",
      manufacturer: "STM",
      firmwareVersion: "13.12",
    });
  });

  test.each<[[number, number], number, string]>([
    [[2, 31], 0x0203, "33221100-5544-7766-8899-aabbccddeeff"],
    [[2, 33], 0x0203, "33221100-5544-7766-8899-aabbccddeeff"],
    [[2, 51], 0x0206, "00112233-4455-6677-8899-aabbccddeeff"],
    [[2, 5], 0x0205, "33221100-5544-7766-8899-aabbccddeeff"],
    [[2, 6], 0x0206, "00112233-4455-6677-8899-aabbccddeeff"],
  ])("H7: an entry point of version %j has the kernel's version and byte order", (version, expected, text) => {
    expect(tables(server, version).version).toBe(expected);
    expect(smbiosIdentity(tables(server, version)).smbiosUuid).toBe(text);
  });

  test("H7: an entry point from before version 2.1 has its version in one byte", () => {
    const old = Buffer.alloc(15);
    old.write("_DMI_", "latin1");
    old[14] = 0x20;
    expect(smbiosParse(old, smbiosTable(server)).version).toBe(0x0200);
  });

  test("H8: a structure's strings end at the double NUL, also where the first is empty", () => {
    const bios = Buffer.from([0, 0x18, 0, 0, 1, 2, ...Array.from({ length: 18 }, () => 0)]);
    bios[8] = 3;
    const system = structureAlone(server[1]);
    const raw = Buffer.concat([bios, Buffer.from(["", "1.15.2", "09/12/2024", "", ""].join("\0"), "latin1"), system]);
    const parsed = smbiosParse(Buffer.alloc(0), raw);
    expect(parsed.problem).toBeUndefined();
    expect(smbiosIdentity(parsed)).toMatchObject({
      firmware: { vendor: "", version: "1.15.2", releaseDate: "09/12/2024" },
      product: "PowerEdge R660",
      serialNumber: "7X2K9Z3",
    });
  });
});

function structureAlone(made: MadeStructure | undefined): Buffer {
  return made === undefined ? Buffer.alloc(0) : smbiosTable([made]);
}

describe("damaged tables", () => {
  test("are read as far as they can be", () => {
    const whole = smbiosTable(server);
    expect(smbiosParse(Buffer.alloc(0), whole.subarray(0, 60))).toMatchObject({
      version: 0,
      structures: [{ type: 0 }],
    });
    expect(smbiosParse(Buffer.alloc(0), Buffer.from([17, 2, 0, 0])).problem).toMatch(/damaged/u);
    // A table of nothing but the shortest structures ends somewhere.
    const endless = Buffer.alloc(1 << 20, Buffer.from([200, 4, 0, 0, 0, 0]));
    expect(smbiosParse(Buffer.alloc(0), endless)).toMatchObject({
      problem: expect.stringContaining("too long") as unknown,
    });
  });

  test("never make anything throw", () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      // Real tables with some bytes changed.
      fc.array(fc.tuple(fc.nat({ max: 1000 }), fc.nat({ max: 255 })), { maxLength: 20 }).map((changes) => {
        const table = smbiosTable(server);
        for (const [at, value] of changes) {
          table[at % table.length] = value;
        }
        return Uint8Array.from(table);
      }),
    );
    fc.assert(
      fc.property(anything, fc.uint8Array({ maxLength: 40 }), (table, entryPoint) => {
        const parsed = smbiosParse(Buffer.from(entryPoint), Buffer.from(table));
        smbiosIdentity(parsed);
        smbiosBmc(parsed);
        smbiosTpm(parsed);
        expect(smbiosMemory(parsed).memoryMaximumBytes).toBeGreaterThanOrEqual(0n);
        expect(parsed.structures.length).toBeLessThanOrEqual(4096);
      }),
      { numRuns: 300 },
    );
  });
});
