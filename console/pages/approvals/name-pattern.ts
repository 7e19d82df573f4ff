import { machineNamePattern } from "../../../src/contract/machine-name.ts";

/** What of an agent can stand in its machine's name. */
export interface NamedAgent {
  serialNumber: string;
  macs: readonly string[];
}

/** A name that a pattern made, and what is wrong with it. */
export interface MadeName {
  name: string;
  problem: string | undefined;
}

/**
 * Names from a pattern, one for each agent in their order. `{n}` counts from `first`, `{nn}` with two digits, `{nnn}` with
 * three; `{serial}` is the serial number, `{mac}` the first MAC without colons; both in lower case. Pure.
 */
export function patternNames(pattern: string, first: number, agents: readonly NamedAgent[]): MadeName[] {
  const names = agents.map(({ serialNumber, macs }, index) =>
    pattern
      .replaceAll(/\{(?<digits>n{1,6})\}/gu, (_, digits: string) => String(first + index).padStart(digits.length, "0"))
      .replaceAll("{serial}", serialNumber.trim().toLowerCase())
      .replaceAll("{mac}", (macs[0] ?? "").replaceAll(":", "")),
  );
  const counts = Map.groupBy(names, (name) => name);
  return names.map((name) => ({
    name,
    problem: nameProblem(name) ?? ((counts.get(name)?.length ?? 0) > 1 ? "several would get this name" : undefined),
  }));
}

/** What is wrong with a new machine's name; undefined for nothing. Pure. */
export function nameProblem(name: string): string | undefined {
  return machineNamePattern.test(name)
    ? undefined
    : "expected a-z, 0-9, '.' and '-', with a letter or digit at both ends, at most 63 characters";
}
