import { type MakerIdentity, type MakerRules, plainRules } from "./maker-rules.ts";

/**
 * Supermicro. Row 9: fields of the boot override that are not sent are reset to defaults, so all fields are sent. Row
 * 15: most models call the virtual CD `UsbCd`.
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
