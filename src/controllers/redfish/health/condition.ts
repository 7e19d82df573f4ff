import type { ControllerHealth, HealthRollup } from "../../controller.ts";
import { type JsonObject, listOf, textOf, valueAt } from "../json.ts";

/** A part of the machine with a status. */
export interface HealthPart {
  /** "Fan", "Power supply", "Memory", "Processor", "Drive" or "Storage". */
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
  const condition = conditionWord(body);
  return condition === undefined ? undefined : `${nameOf(kind, body)}: ${condition}`;
}

/** How bad the condition of a part is; undefined = it is healthy or absent. Pure. */
export function severityOf({ body }: HealthPart): "warning" | "critical" | undefined {
  const condition = conditionWord(body);
  return condition === undefined || condition === "critical" ? condition : "warning";
}

/**
 * The rollup, or the health of the worst part if that is worse: some controllers leave fans and power supplies out of
 * their rollup. Pure.
 */
export function worst(rollup: HealthRollup, parts: readonly HealthPart[]): HealthRollup {
  const severities = parts.map(severityOf);
  if (rollup === "critical" || severities.includes("critical")) {
    return "critical";
  }
  return severities.includes("warning") ? "warning" : rollup;
}

/** The conditions that a resource itself states in words (`Status.Conditions`), such as "Fan 2 failed: critical". Pure. */
export function conditionsSaid(system: JsonObject): readonly string[] {
  return listOf(valueAt(system, "Status", "Conditions")).flatMap((condition) => {
    const text = textOf(valueAt(condition, "Message"));
    const severity = healthWord(valueAt(condition, "Severity"));
    return text === undefined || severity === "ok" ? [] : [`${text}: ${severity ?? "warning"}`];
  });
}

/** A part's condition; undefined = it is healthy or absent. */
function conditionWord(body: JsonObject): "warning" | "critical" | "offline" | "about to fail" | undefined {
  const status = valueAt(body, "Status");
  const state = textOf(valueAt(status, "State"));
  if (state === "Absent" || state === "Disabled") {
    return undefined;
  }
  const health = healthWord(valueAt(status, "Health"));
  if (health === "warning" || health === "critical") {
    return health;
  }
  // A drive predicts its failure by SMART.
  return body["FailurePredicted"] === true ? "about to fail" : offline(state);
}

/** A part's name with its kind, and with its number if the name itself has none. */
function nameOf(kind: string, body: JsonObject): string {
  const number = textOf(body["MemberId"]) ?? textOf(body["Id"]) ?? "";
  const name = textOf(body["Name"]) ?? textOf(body["FanName"]) ?? textOf(body["DeviceLocator"]) ?? number;
  const told = /\d/u.test(name) || name === kind ? name : `${name} ${number}`.trim();
  return told.toLowerCase().includes(kind.toLowerCase()) ? told : `${kind} ${told}`.trim();
}

function offline(state: string | undefined): "offline" | undefined {
  return state === "UnavailableOffline" ? "offline" : undefined;
}
