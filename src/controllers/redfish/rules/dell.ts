import { type MakerIdentity, type MakerRules, plainRules } from "./maker-rules.ts";

/**
 * Dell (iDRAC). Row 6: `On` right after off is a conflict for about a minute. Row 26: data that is not ready is SYS518. Row 28:
 * no place for another session is RAC0218. Row 52: the serial number is in SKU.
 */
export function dellRules({ vendor, oem, manufacturer }: MakerIdentity): MakerRules | undefined {
  if (!/^dell/iu.test(vendor ?? manufacturer ?? "") && !oem.includes("Dell")) {
    return undefined;
  }
  return {
    ...plainRules,
    maker: "Dell",
    names: [
      "6: on right after off is repeated",
      "26: data that is not ready is waited for",
      "28: sessions are few",
      "52: the serial number is in SKU",
    ],
    serialInSku: true,
    passing: (status, id) =>
      (status === 409 && id === "ActionParameterValueConflict") || id === "SYS518" || id === "RAC0218",
  };
}
