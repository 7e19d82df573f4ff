import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { DiskSelectorSchema } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import { diskSelectorParse, diskSelectorWords } from "./disk-selector-text.ts";

test.each([
  "serial=S3Z9NB0K",
  String.raw`serial=a\,b,name=sda`,
  "wwn=0x5000c500a1b2c3d4",
  "by-path=pci-0000:00:1f.2-ata-1",
  "protocol=nvme,rotational=no,min=500000000000,max=1649267441664",
])("%s is written as it is read", (text) => {
  expect(diskSelectorWords(create(DiskSelectorSchema, diskSelectorParse(text)))).toBe(text);
});

test("no condition is no text", () => {
  expect(diskSelectorWords(undefined)).toBe("");
  expect(diskSelectorWords(create(DiskSelectorSchema))).toBe("");
});

test("what is wrong is named", () => {
  expect(() => diskSelectorParse("seral=x")).toThrow('"seral=x": "seral=x" is not a condition: expected serial=, wwn=');
});
