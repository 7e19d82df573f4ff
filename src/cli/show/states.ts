import type { InstallationState, MachineState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { installationStateWords } from "../../contract/words/installation-state.ts";
import { machineStateWords } from "../../contract/words/machine-state.ts";
import { valueOfWord, type Words } from "../../contract/words/table.ts";
import type { RolloutMachineState } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { rolloutMachineStateWords } from "../../contract/words/rollout.ts";
import { CliError } from "../errors.ts";

/** Parses `--state` for machines. @throws {CliError} `usage` */
export function parseMachineStates(texts: readonly string[]): MachineState[] {
  return parseStates(machineStateWords, texts);
}

/** Parses `--state` for installations. @throws {CliError} `usage` */
export function parseInstallationStates(texts: readonly string[]): InstallationState[] {
  return parseStates(installationStateWords, texts);
}

/** Parses `--state` for machines of a rollout. @throws {CliError} `usage` */
export function parseRolloutMachineStates(texts: readonly string[]): RolloutMachineState[] {
  return parseStates(rolloutMachineStateWords, texts);
}

function parseStates<Table extends Words>(words: Table, texts: readonly string[]): (keyof Table)[] {
  return texts
    .flatMap((text) => text.split(","))
    .map((text) => {
      const state = valueOfWord(words, text.trim().toLowerCase().replaceAll(/[ _]/gu, "-"));
      if (state === undefined) {
        throw new CliError("usage", `--state "${text}": expected one of ${Object.values(words).join(", ")}`);
      }
      return state;
    });
}
