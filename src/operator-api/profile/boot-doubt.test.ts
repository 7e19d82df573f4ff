import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { EFISupport } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { bootDoubt } from "./boot-doubt.ts";

const reported = (efiSupport: EFISupport) =>
  toBinary(AgentHardwareReportSchema, create(AgentHardwareReportSchema, { report: { efiSupport } }));
const { EFI_SUPPORT_UNKNOWN, EFI_SUPPORT_UNSUPPORTED, EFI_SUPPORT_SUPPORTED, EFI_SUPPORT_ENABLED } = EFISupport;

test.each<[string[], EFISupport, RegExp | undefined]>([
  [["uefi"], EFI_SUPPORT_UNSUPPORTED, /by UEFI alone.*is a BIOS/u],
  [["uefi"], EFI_SUPPORT_SUPPORTED, /by UEFI alone.*set its firmware to UEFI/u],
  [["uefi"], EFI_SUPPORT_ENABLED, undefined],
  [["uefi"], EFI_SUPPORT_UNKNOWN, undefined],
  [["bios"], EFI_SUPPORT_ENABLED, /by BIOS alone.*set its firmware to BIOS/u],
  [["bios"], EFI_SUPPORT_SUPPORTED, undefined],
  [["bios"], EFI_SUPPORT_UNSUPPORTED, undefined],
  [["uefi", "bios"], EFI_SUPPORT_UNSUPPORTED, undefined],
  [["uefi", "bios"], EFI_SUPPORT_ENABLED, undefined],
  [[], EFI_SUPPORT_ENABLED, undefined],
])("an image that boots by %j, EFI support %i", (bootsBy, efi, expected) => {
  const doubt = bootDoubt({ bootsBy }, reported(efi));
  if (expected === undefined) {
    expect(doubt).toBeUndefined();
  } else {
    expect(doubt).toMatch(expected);
  }
});

test("nothing is said where nothing is known", () => {
  const raw = reported(EFI_SUPPORT_ENABLED);
  expect(bootDoubt(undefined, raw)).toBeUndefined();
  expect(bootDoubt({ bootsBy: "bios" }, raw)).toBeUndefined();
  expect(bootDoubt({ bootsBy: ["bios"] }, undefined)).toBeUndefined();
  expect(bootDoubt({ bootsBy: ["bios"] }, Uint8Array.of(255, 255))).toBeUndefined();
});
