import { type MakerIdentity, type MakerRules, plainRules } from "./maker-rules.ts";

/**
 * Dell (iDRAC). Row 6: `On` right after off is a conflict for about a minute. Row 26: the message SYS518 means that
 * data is not ready. Row 28: RAC0218 means that no further session is allowed. Row 52: the serial number is in SKU.
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
