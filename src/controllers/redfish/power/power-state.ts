import type { ControllerPower } from "../../controller.ts";
import { type JsonObject, textOf } from "../json.ts";

const states: Readonly<Record<string, ControllerPower>> = {
  On: "on",
  Off: "off",
  PoweringOn: "powering-on",
  PoweringOff: "powering-off",
};

/** The power state of a system. Pure. */
export function powerStateOf(system: JsonObject): ControllerPower {
  return states[textOf(system["PowerState"]) ?? ""] ?? "unknown";
}
