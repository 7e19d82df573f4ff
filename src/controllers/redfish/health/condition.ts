import { printable } from "../../../lib/format/printable.ts";
import type { ControllerHealth } from "../../controller.ts";
import { type JsonObject, textOf, valueAt } from "../json.ts";

/** A part of the machine with a status. */
export interface HealthPart {
  /** "Fan", "Power supply" or "Memory". */
  kind: string;
  body: JsonObject;
}

const words: Readonly<Record<string, "ok" | "warning" | "critical">> = {
  ok: "ok",
  warning: "warning",
  critical: "critical",
};

/** Converts Redfish's `Health`. Pure. */
export function healthWord(value: unknown): "ok" | "warning" | "critical" | undefined {
  return words[(textOf(value) ?? "").toLowerCase()];
}

/** The health of a system with all its parts: its rollup, or else its own health. Pure. */
export function rollupOf(system: JsonObject): ControllerHealth["rollup"] {
  const status = valueAt(system, "Status");
  // Some controllers misspell HealthRollup.
  const values = ["HealthRollup", "HealthRollUp", "Health"].map((name) => healthWord(valueAt(status, name)));
  return values.find((value) => value !== undefined) ?? "unknown";
}

/** What is wrong with a part, such as "Fan 3: critical"; undefined = it is healthy or absent. Pure. */
export function conditionOf({ kind, body }: HealthPart): string | undefined {
  const status = valueAt(body, "Status");
  const state = textOf(valueAt(status, "State"));
  if (state === "Absent" || state === "Disabled") {
    return undefined;
  }
  const health = healthWord(valueAt(status, "Health"));
  const condition = health === undefined || health === "ok" ? offline(state) : health;
  if (condition === undefined) {
    return undefined;
  }
  return printable(`${nameOf(kind, body).slice(0, 80)}: ${condition}`);
}

/** A part's name with its kind, and with its number if the name itself has none. */
function nameOf(kind: string, body: JsonObject): string {
  const number = textOf(body["MemberId"]) ?? textOf(body["Id"]) ?? "";
  const name = textOf(body["Name"]) ?? textOf(body["FanName"]) ?? textOf(body["DeviceLocator"]) ?? number;
  const told = /\d/u.test(name) || name === kind ? name : `${name} ${number}`.trim();
  return told.toLowerCase().includes(kind.toLowerCase()) ? told : `${kind} ${told}`.trim();
}

function offline(state: string | undefined): string | undefined {
  return state === "UnavailableOffline" ? "offline" : undefined;
}
