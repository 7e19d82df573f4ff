import { expect, test } from "vitest";
import { InstallationState, MachineState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { installationResults, installationStateWords } from "./installation-state.ts";
import { machineStateValues, machineStateWords } from "./machine-state.ts";
import { phaseNames, phaseValues, phaseWords } from "./phase.ts";
import { valueOfWord, valuesByWord, wordOf } from "./table.ts";

test("both directions come from one table", () => {
  const words = { 1: "one", 2: "two" } as const;
  expect(valuesByWord(words)).toEqual({ one: 1, two: 2 });
  expect(wordOf(words, 2)).toBe("two");
  expect(valueOfWord(words, "two")).toBe(2);
});

test("a value of a later version has no word, and a word of nobody's no value", () => {
  expect(wordOf(machineStateWords, 999)).toBeUndefined();
  expect(wordOf(machineStateWords, MachineState.UNSPECIFIED)).toBeUndefined();
  expect(valueOfWord(machineStateWords, "constructor")).toBeUndefined();
  expect(wordOf(machineStateWords, Number.NaN)).toBeUndefined();
});

test("no two values share a word: else one of them could not be found by it", () => {
  for (const words of [machineStateWords, installationStateWords, installationResults, phaseWords, phaseNames]) {
    const all = Object.values(words);
    expect(new Set(all).size).toBe(all.length);
  }
  expect(machineStateValues["agent-lost"]).toBe(MachineState.AGENT_LOST);
  expect(phaseValues["boot-entry"]).toBe(5);
  expect(valueOfWord(installationStateWords, "failed")).toBe(InstallationState.FAILED);
});
