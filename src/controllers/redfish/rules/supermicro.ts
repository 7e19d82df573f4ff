import { type MakerIdentity, type MakerRules, plainRules } from "./maker-rules.ts";

/**
 * Supermicro. Row 9: fields of the boot override that are not sent fall back to defaults, so all are. Row 15: the virtual CD
 * is `UsbCd` with most.
 */
export function supermicroRules({ vendor, oem, manufacturer }: MakerIdentity): MakerRules | undefined {
  if (!/^super ?micro/iu.test(vendor ?? manufacturer ?? "") && !oem.includes("Supermicro")) {
    return undefined;
  }
  return {
    ...plainRules,
    maker: "Supermicro",
    names: ["9: the boot override is sent whole", "15: the virtual CD is UsbCd"],
    bootWhole: true,
    mediaTargets: ["UsbCd", "Cd", "UefiCd", "CD/DVD"],
  };
}
