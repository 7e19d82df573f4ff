import { InstallationState, MachineState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { CliError } from "../errors.ts";

/** Words for machines' states, the same as in explanations and metrics. */
export const machineStateWords: ReadonlyMap<MachineState, string> = new Map([
  [MachineState.NEW, "new"],
  [MachineState.AWAITING_AGENT, "awaiting-agent"],
  [MachineState.READY, "ready"],
  [MachineState.INSTALL_PENDING, "install-pending"],
  [MachineState.INSTALLING, "installing"],
  [MachineState.INSTALLED, "installed"],
  [MachineState.INSTALL_FAILED, "install-failed"],
  [MachineState.AGENT_LOST, "agent-lost"],
  [MachineState.STARTING_AGENT, "starting-agent"],
  [MachineState.RECOVERING, "recovering"],
  [MachineState.BACKING_OFF, "backing-off"],
  [MachineState.QUARANTINED, "quarantined"],
]);

/** Words for the states of an installation request. */
export const installationStateWords: ReadonlyMap<InstallationState, string> = new Map([
  [InstallationState.PENDING, "pending"],
  [InstallationState.SUCCEEDED, "succeeded"],
  [InstallationState.FAILED, "failed"],
  [InstallationState.CANCELLED, "cancelled"],
]);

/** Parses `--state` for machines. @throws {CliError} `usage` */
export function parseMachineStates(texts: readonly string[]): MachineState[] {
  return parseStates(machineStateWords, texts);
}

/** Parses `--state` for installations. @throws {CliError} `usage` */
export function parseInstallationStates(texts: readonly string[]): InstallationState[] {
  return parseStates(installationStateWords, texts);
}

function parseStates<State>(words: ReadonlyMap<State, string>, texts: readonly string[]): State[] {
  const states = new Map([...words].map(([state, word]) => [word, state]));
  return texts
    .flatMap((text) => text.split(","))
    .map((text) => {
      const state = states.get(text.trim().toLowerCase().replaceAll(/[ _]/gu, "-"));
      if (state === undefined) {
        throw new CliError("usage", `--state "${text}": expected one of ${[...states.keys()].join(", ")}`);
      }
      return state;
    });
}
