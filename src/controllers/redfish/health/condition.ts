import { printable } from "../../../lib/format/printable.ts";
import type { ControllerHealth } from "../../controller.ts";
import { type JsonObject, textOf, valueAt } from "../json.ts";

/** A part of the machine that has a status. */
export interface HealthPart {
  /** "Fan", "Power supply", "Memory". */
  kind: string;
  body: JsonObject;
}

const words: Readonly<Record<string, "ok" | "warning" | "critical">> = {
  ok: "ok",
  warning: "warning",
  critical: "critical",
};

/** Redfish's `Health` in our words. Pure. */
export function healthWord(value: unknown): "ok" | "warning" | "critical" | undefined {
  return words[(textOf(value) ?? "").toLowerCase()];
}

/** The health of a system with all its parts: the rollup, else its own. Pure. */
export function rollupOf(system: JsonObject): ControllerHealth["rollup"] {
  const status = valueAt(system, "Status");
  // Misspelt by some.
  const values = ["HealthRollup", "HealthRollUp", "Health"].map((name) => healthWord(valueAt(status, name)));
  return values.find((value) => value !== undefined) ?? "unknown";
}

/** What is wrong with a part: "Fan 3: critical"; undefined = it is well, or not there. Pure. */
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

/** A part's name with its kind, and with its number if the name is a kind's name too. */
function nameOf(kind: string, body: JsonObject): string {
  const number = textOf(body["MemberId"]) ?? textOf(body["Id"]) ?? "";
  const name = textOf(body["Name"]) ?? textOf(body["FanName"]) ?? textOf(body["DeviceLocator"]) ?? number;
  const told = /\d/u.test(name) || name === kind ? name : `${name} ${number}`.trim();
  return told.toLowerCase().includes(kind.toLowerCase()) ? told : `${kind} ${told}`.trim();
}

function offline(state: string | undefined): string | undefined {
  return state === "UnavailableOffline" ? "offline" : undefined;
}
