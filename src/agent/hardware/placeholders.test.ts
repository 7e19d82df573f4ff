import { describe, expect, test } from "vitest";
import { fileTree } from "../../../test/support/file-tree.ts";
import { smbiosUuidParse } from "../../contract/smbios-uuid.ts";
import { uuidText } from "./identity.ts";
import { meaningful } from "../../contract/smbios-text.ts";
import { hardwareReport } from "./report.ts";
import { smbiosFiles } from "./testing/smbios-tables.ts";

const nothing = [
  ...["To Be Filled By O.E.M.", "To be filled by O.E.M.", "To Be Filled By OEM", "Fill By OEM", "O.E.M.", "OEM"],
  ...["To Be Filled By O.E.M. by More String", "Default string", "Default String", "$(DEFAULT_STRING)", "Default"],
  ...["System Serial Number", "System Product Name", "System manufacturer", "System Version", "SKU", "SKU Number"],
  ...["Chassis Serial Number", "Chassis Manufacture", "Chassis Version", "OEM Chassis Serial Number", "Serial"],
  ...["Base Board Serial Number", "Base Board Asset Tag", "BaseBoard Serial Number", "Board Serial Number"],
  ...["Type2 - Board Serial Number", "Type 3 - Chassis Asset Tag", "Asset Tag", "No Asset Tag", "No Asset Information"],
  ...["Asset-1234567890", "AssetTagNum0", "SerNum0", "PartNum0", "ModulePartNumber00", "Manufacturer00", "SN"],
  ...["A1_AssetTagNum0", "A1_Manufacturer0", "DIMM_B2_AssetTag", "Not Specified", "Not Available", "Not Applicable"],
  ...[
    "Not Provided",
    "Not Present",
    "Not Set",
    "Not Defined",
    "No Serial Number",
    "N/A",
    "n/a",
    "NA",
    "None",
    "(none)",
  ],
  ...["<BAD INDEX>", "[Empty]", "NULL", "UNKNOWN", "Unknow", "Unspecified", "Undefined", "INVALID", "NO DIMM", "TBD"],
  ...["0123456789", "1234567890", "123456789", "12345678", "123456", "0123456789ABCDEF", "9876543210"],
  ...["BSN12345678901234567", "MB-1234567890", "BSS-0123456789", "SN1234567890", "System Serial 123456789"],
  ...["0", "00000000", "0000-0000", "1111111", "XXXXXXX", "XXXX-XXXX", "xx", "FFFFFFFF", "FF:FF:FF:FF", "AAAAAAAA"],
  ...["........", "-", "---", "?", "***", " ", "", "\u00ff\u00ff\u00ff\u00ff", "\ufffd\ufffd"],
];

const something = [
  ...["7X2K9Z3", "A1", "0x1", "NoneSuch", "X11DPi-N", "PowerEdge R660", "Dell Inc.", "MXQ73804Z1", "CZJ24500QX"],
  ...["SKU=NotProvided;ModelName=PowerEdge R660", "SKU=0A6B", "Standard PC (Q35 + ICH9, 2009)", "pc-q35-7.2", "1.0"],
  ...[
    "System x3650 M5",
    "System Board",
    "Default Systems Ltd",
    "Unknown Worlds",
    "DIMM 0",
    "DIMM_A1",
    "BANK 0",
    "P0 CH A",
  ],
  ...["HMCG88AGBRA193N", "00AD063200AD", "01214361", "S6CXNE0T101786", "NA140T1Z", "N/A-4711", "NONE-1", "OEM-4711"],
  ...["1234", "4711", "123457", "11", "111", "A", "FF", "0.9.1", "Asset 4711", "SN-7X2K9Z3", "P1-DIMMA1 3", "Part A"],
  ...["VMware-56 4d 30 9a 2b", ".7X2K9Z3.CNFCP0033.", "\u4e2d\u79d1\u66d9\u5149"],
];

describe("what firmware writes where it has nothing to say", () => {
  test.each(nothing)("H2: %j says nothing", (text) => {
    expect(meaningful(text)).toBe("");
  });

  test.each(something)("H2: %j says something", (text) => {
    expect(meaningful(text)).toBe(text);
  });

  test("H2: bytes that were never written are no part of a text", () => {
    expect(meaningful("7X2K9Z3\u00ff\u00ff ")).toBe("7X2K9Z3");
  });

  test("H1: it says nothing in the tables, nor in the files that the kernel makes of them", async () => {
    const text = { 0x04: "To Be Filled By O.E.M.", 0x05: "Default string", 0x06: "Default string", 0x07: "1234567890" };
    await using tree = await fileTree({
      ...smbiosFiles([{ type: 1, length: 0x1b, text: { ...text, 0x19: "To be filled by O.E.M." } }]),
      "sys/class/dmi/id/sys_vendor": "To Be Filled By O.E.M.\n",
      "sys/class/dmi/id/product_name": "Default string\n",
      "sys/class/dmi/id/product_version": "Default string\n",
      "sys/class/dmi/id/product_serial": "1234567890\n",
      "sys/class/dmi/id/product_sku": "To be filled by O.E.M.\n",
    });
    const { report } = await hardwareReport({ root: tree.root });
    expect(report).toMatchObject({
      manufacturer: "",
      product: "",
      productVersion: "",
      serialNumber: "",
      skuNumber: "",
    });
  });

  test("H1: without tables the kernel's files stand in, as far as they say something", async () => {
    await using tree = await fileTree({
      "sys/class/dmi/id/sys_vendor": "ASUSTeK COMPUTER INC.\n",
      "sys/class/dmi/id/product_name": "RS720-E9\n",
      "sys/class/dmi/id/product_version": "System Version\n",
      "sys/class/dmi/id/product_serial": "System Serial Number\n",
    });
    expect((await hardwareReport({ root: tree.root })).report).toMatchObject({
      manufacturer: "ASUSTeK COMPUTER INC.",
      product: "RS720-E9",
      productVersion: "",
      serialNumber: "",
    });
  });

  test.each([
    "03000200-0400-0500-0006-000700080009",
    "00020003-0004-0005-0006-000700080009",
    "12345678-1234-5678-90AB-CDDEEFAABBCC",
    "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    "fefefefe-fefe-fefe-fefe-fefefefefefe",
  ])("H2: the UUID %s is a maker's default", (uuid) => {
    expect(smbiosUuidParse(uuid)).toBeUndefined();
    expect(uuidText(Buffer.from(uuid.replaceAll("-", ""), "hex"), 0x02_04)).toBe("");
  });

  test("H2: a UUID that ends in the board's MAC is one", () => {
    expect(smbiosUuidParse("00000000-0000-0000-0000-AC1F6B010203")).toBe("00000000-0000-0000-0000-ac1f6b010203");
  });
});
