import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MachineFilterSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { CliError } from "../errors.ts";
import { parseMachineStates } from "../show/states.ts";
import { parseLabels } from "./labels.ts";

/**
 * Parses `--waves 1,10,rest` into sizes; 0 is the rest.
 * @throws {CliError} `usage`
 */
export function parseWaves(text: string): number[] {
  return text.split(",").map((part, index, parts) => {
    const word = part.trim();
    if (word === "rest" && index === parts.length - 1) {
      return 0;
    }
    if (!/^[1-9]\d{0,4}$/u.test(word)) {
      throw new CliError(
        "usage",
        `--waves "${text}": expected numbers of machines, and at the end rest, such as 1,10,rest`,
      );
    }
    return Number(word);
  });
}

/**
 * Parses `--stop-after N` or `N%`.
 * @throws {CliError} `usage`
 */
export function parseStopAfter(text: string): { stopAfter: number } | { stopAfterPercent: number } {
  const { number, percent } = /^(?<number>[1-9]\d{0,4})(?<percent>%?)$/u.exec(text)?.groups ?? {};
  if (number === undefined) {
    throw new CliError("usage", `--stop-after "${text}": expected a number of failures, or a share such as 5%`);
  }
  return percent === "%" ? { stopAfterPercent: Number(number) } : { stopAfter: Number(number) };
}

/**
 * Parses `--window 01:00-05:00` with its time zone.
 * @throws {CliError} `usage`
 */
export function parseWindow(
  text: string | undefined,
  timeZone: string | undefined,
): { from: string; to: string; timeZone: string } | undefined {
  if (text === undefined && timeZone === undefined) {
    return undefined;
  }
  const { from, to } = /^(?<from>\d\d:\d\d)-(?<to>\d\d:\d\d)$/u.exec(text ?? "")?.groups ?? {};
  if (from === undefined || to === undefined || timeZone === undefined) {
    throw new CliError(
      "usage",
      "--window and --time-zone: expected both, such as --window 01:00-05:00 --time-zone Europe/Berlin",
    );
  }
  return { from, to, timeZone };
}

/**
 * The filter of `--label` and `--all-in`; undefined if neither is given.
 * @throws {CliError} `usage`
 */
export function rolloutFilter(
  labels: readonly string[],
  allIn: string | undefined,
): MessageInitShape<typeof MachineFilterSchema> | undefined {
  if (labels.length === 0 && allIn === undefined) {
    return undefined;
  }
  const states: string[] = [];
  const providers: string[] = [];
  let [namePrefix, search, location] = ["", "", ""];
  // A comma begins a condition only before WORD=: a location may have commas of its own.
  for (const part of allIn === undefined || allIn === "fleet" ? [] : allIn.split(/,(?=[a-z_]+=)/u)) {
    const equals = part.indexOf("=");
    const value = part.slice(equals + 1);
    const key = part.slice(0, Math.max(0, equals));
    const mayHaveCommas = key === "location" || key === "search";
    switch (mayHaveCommas || !value.includes(",") ? key : "") {
      case "state":
        states.push(value);
        break;
      case "provider":
        providers.push(value);
        break;
      case "name":
        namePrefix = value;
        break;
      case "search":
        search = value;
        break;
      case "location":
        location = value;
        break;
      default:
        throw new CliError(
          "usage",
          `--all-in "${part}": expected fleet, or conditions state=, provider=, location=, name=PREFIX and search=, separated by commas`,
        );
    }
  }
  return { labels: parseLabels(labels), states: parseMachineStates(states), providers, namePrefix, search, location };
}
