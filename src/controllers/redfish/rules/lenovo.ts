import { type MakerIdentity, type MakerRules, plainRules } from "./maker-rules.ts";

/**
 * Lenovo (XCC). Row 8: restarts hang the SR675 V3, so it is switched off and on. Row 11 needs no rule: the client reads
 * which values the override allows. Row 32: media slots have no actions and accept a PATCH.
 */
export function lenovoRules({ vendor, oem, manufacturer, model }: MakerIdentity): MakerRules | undefined {
  if (!/^lenovo/iu.test(vendor ?? manufacturer ?? "") && !oem.includes("Lenovo")) {
    return undefined;
  }
  const hangs = /SR675 V3/iu.test(model ?? "");
  return {
    ...plainRules,
    maker: "Lenovo",
    names: [...(hangs ? ["8: restarted by off and on"] : []), "32: media are inserted by PATCH"],
    restartByOff: hangs,
    mediaByPatch: true,
  };
}
