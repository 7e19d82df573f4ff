import type { MachineHealth, MachinePowerState } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { healthWords } from "../../contract/words/health.ts";
import { wordOf } from "../../contract/words/table.ts";
import { shortTime, when } from "./describe.ts";

/** A machine's power in words. */
export function powerText(power: MachinePowerState, now: Date): string {
  return `${power.power} since ${when(power.since, now)}, read ${when(power.readAt, now)} by ${power.readFrom}`;
}

/** A machine's health as lines, each a title and a value; "not read" where nothing is known. */
export function healthLines(health: MachineHealth, now: Date): readonly (readonly [title: string, value: string])[] {
  const { readAt, failed, unread, inletCelsius, events, problem, problemAt } = health;
  const known =
    readAt === undefined
      ? "not read"
      : `${healthWord(health.rollup)} since ${when(health.since, now)}, read ${when(readAt, now)}`;
  return [
    ["health", known],
    ...failed.map((part) => ["not healthy", part] as const),
    ...(inletCelsius === undefined ? [] : [["inlet", `${Math.round(inletCelsius * 10) / 10} °C`] as const]),
    ...(readAt === undefined || unread.length === 0 ? [] : [["not read", unread.join(", ")] as const]),
    ...(problem === "" ? [] : [["health trouble", `${problem} (${when(problemAt, now)})`] as const]),
    ...events.map(({ at, severity, text }) => ["event", `${shortTime(at)} ${healthWord(severity)}: ${text}`] as const),
  ];
}

function healthWord(rollup: number): string {
  return wordOf(healthWords, rollup) ?? `health ${rollup}`;
}
