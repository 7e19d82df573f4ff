import { objectOf, textOf, valueAt } from "../json.ts";
import { type MakerIdentity, type MakerRules, plainRules } from "./maker-rules.ts";

/**
 * HPE (iLO). Row 7: a power action soon after another is refused, and so is a boot override during the machine's self
 * test. Row 12: `Disabled` with the target None is refused, so the target is left unchanged. iLO summarises the health
 * of whole kinds of parts, such as storage, in its own `Oem` properties.
 */
export function hpeRules({ vendor, oem, manufacturer }: MakerIdentity): MakerRules | undefined {
  if (!/^hpe?\b|hewlett/iu.test(vendor ?? manufacturer ?? "") && !oem.includes("Hpe") && !oem.includes("Hp")) {
    return undefined;
  }
  return {
    ...plainRules,
    maker: "HPE",
    names: ["7: changes wait for the end of the self test", "12: an override is taken away without its target"],
    passing: (_, id) => id === "InvalidOperationForSystemState" || id === "UnableToModifyDuringSystemPOST",
    bootOffKeepsTarget: true,
    moreHealth: (system) => {
      const parts = objectOf(valueAt(system, "Oem", "Hpe", "AggregateHealthStatus"));
      return Object.entries(parts).map(([name, part]) => ({ name, status: valueAt(part, "Status") }));
    },
    bootWaits: (system) => {
      const state =
        textOf(valueAt(system, "Oem", "Hpe", "PostState")) ?? textOf(valueAt(system, "Oem", "Hp", "PostState"));
      return state === "InPost" ? "the machine is in its self test" : undefined;
    },
  };
}
