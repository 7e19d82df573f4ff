import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { EFISupport, SecureBoot } from "../../../gen/cloud/agent/api/hardware_pb.ts";
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

describe("where Secure Boot is on, a loader without a signature is warned about", () => {
  const booted = (secureBoot: SecureBoot, processor: "x86_64" | "aarch64" = "x86_64") =>
    toBinary(
      AgentHardwareReportSchema,
      create(AgentHardwareReportSchema, {
        report: {
          efiSupport: EFI_SUPPORT_ENABLED,
          secureBoot,
          cpu: processor === "x86_64" ? [{ architecture: { case: "x8664" as const, value: {} } }] : [],
        },
      }),
    );
  const facts = { bootsBy: ["uefi", "bios"], unsignedFor: ["x86_64"] };

  test("for this machine's processor", () => {
    expect(bootDoubt(facts, booted(SecureBoot.ENABLED))).toMatch(/no signature, and Secure Boot is on.*shim-signed/u);
    expect(bootDoubt({ ...facts, unsignedFor: ["aarch64"] }, booted(SecureBoot.ENABLED, "aarch64"))).toBeDefined();
  });

  test.each<[string, object, Uint8Array]>([
    ["off", facts, booted(SecureBoot.DISABLED)],
    ["unknown", facts, booted(SecureBoot.UNKNOWN)],
    ["another processor", { ...facts, unsignedFor: ["aarch64"] }, booted(SecureBoot.ENABLED)],
    ["a signed loader", { ...facts, unsignedFor: [] }, booted(SecureBoot.ENABLED)],
    ["an image of before, which was not looked at for this", { bootsBy: ["uefi"] }, booted(SecureBoot.ENABLED)],
  ])("not: %s", (_why, known, raw) => {
    expect(bootDoubt({ ...known }, raw)).toBeUndefined();
  });
});

test("nothing is said where nothing is known", () => {
  const raw = reported(EFI_SUPPORT_ENABLED);
  expect(bootDoubt(undefined, raw)).toBeUndefined();
  expect(bootDoubt({ bootsBy: "bios" }, raw)).toBeUndefined();
  expect(bootDoubt({ bootsBy: ["bios"] }, undefined)).toBeUndefined();
  expect(bootDoubt({ bootsBy: ["bios"] }, Uint8Array.of(255, 255))).toBeUndefined();
});
