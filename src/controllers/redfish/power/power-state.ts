import type { ControllerPower } from "../../controller.ts";
import { type JsonObject, textOf } from "../json.ts";

const states: Readonly<Record<string, ControllerPower>> = {
  On: "on",
  Off: "off",
  PoweringOn: "powering-on",
  PoweringOff: "powering-off",
};

/** What a system says of its power. Pure. */
export function powerStateOf(system: JsonObject): ControllerPower {
  return states[textOf(system["PowerState"]) ?? ""] ?? "unknown";
}
