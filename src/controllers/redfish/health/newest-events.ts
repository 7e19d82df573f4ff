import type { ControllerHealth } from "../../controller.ts";
import { type JsonObject, textOf } from "../json.ts";
import { healthWord } from "./condition.ts";

/** The newest `most` entries of a log, newest first. Entries without a time come last, in the log's order. Pure. */
export function newestEvents(entries: readonly JsonObject[], most: number): ControllerHealth["events"] {
  const events = entries.flatMap((entry) => {
    const text = eventText(entry);
    const at = new Date(textOf(entry["Created"]) ?? textOf(entry["EventTimestamp"]) ?? "");
    const severity = healthWord(entry["Severity"]) ?? "ok";
    const event = { severity, text: text ?? "" };
    return text === undefined ? [] : [Number.isNaN(at.getTime()) ? event : { ...event, at }];
  });
  // A log may have a hundred thousand entries.
  const distinct = Map.groupBy(events, (event) => `${timeOf(event)} ${event.text}`);
  const firsts = [...distinct.values()].flatMap((same) => same.slice(0, 1));
  return firsts.toSorted((one, other) => timeOf(other) - timeOf(one)).slice(0, most);
}

/**
 * What an entry says. Some controllers give raw event data (AMI: "0x0500FF") or the name of a registry (OpenBMC:
 * "OpenBMC.0.1") as its message: then its sensor and what that did come first.
 */
function eventText(entry: JsonObject): string | undefined {
  const message = textOf(entry["Message"]);
  if (message !== undefined && !/^(?:0x[0-9a-f]+|[a-z]+(?:\.\d+)+)$/iu.test(message)) {
    return message;
  }
  const sensor = [textOf(entry["SensorType"]), textOf(entry["EntryCode"])].filter((word) => word !== undefined);
  if (sensor.length > 0) {
    return `${sensor.join(": ")}${message === undefined ? "" : ` (${message})`}`;
  }
  return message ?? textOf(entry["Description"]) ?? textOf(entry["MessageId"]);
}

interface LogEvent {
  at?: Date;
  severity: string;
  text: string;
}

function timeOf({ at }: LogEvent): number {
  return at?.getTime() ?? 0;
}
