import { expect, test } from "vitest";
import { smbiosUuidParse } from "./smbios-uuid.ts";

test.for([
  ["4C4C4544-0042-3010-8054-B7C04F4E3232", "4c4c4544-0042-3010-8054-b7c04f4e3232"],
  ["00000000-0000-0000-0000-000000000000", undefined],
  ["FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", undefined],
  ["03000200-0400-0500-0006-000700080009", undefined],
  ["Not Settable", undefined],
  ["", undefined],
])("the SMBIOS UUID %s is %s", ([text = "", uuid]) => {
  expect(smbiosUuidParse(text)).toBe(uuid);
});
