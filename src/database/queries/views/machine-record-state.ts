import type { MachineState, MachineStateName } from "../../machine-state.ts";
import { processDefinitions } from "../../processes.ts";
import type { MachineRecord } from "./machine-record.ts";
import { defined } from "../../../lib/defined.ts";

type WithoutTimes<State> = State extends unknown ? Omit<State, "since" | "deadline" | "deadlineMissedAt"> : never;

/** The stored state with its data, from the tags that were read in the same snapshot. */
export function machineStateOf(
  state: MachineStateName,
  record: Omit<MachineRecord, "state">,
): WithoutTimes<MachineState> {
  const { agent, installation, installed, quarantine, cameUp } = record;
  const generation = installation === undefined ? {} : { generation: installation.generation };
  const started = agent === undefined ? {} : { startedAt: agent.startedAt };
  const heard = agent?.heartbeatAt === undefined ? {} : { heartbeatAt: agent.heartbeatAt };
  const onDisk = installed === undefined ? {} : { generation: installed.generation, installedAt: installed.at };
  switch (state) {
    case "awaiting-agent":
      return { state, ...started };
    case "ready":
      return { state, ...heard };
    case "install-pending":
      return { state, ...generation };
    case "installing": {
      const { phase, bytesDone = 0n, bytesTotal = 0n } = installation?.progress ?? {};
      return { state, ...generation, ...defined({ phase }), bytesDone, bytesTotal };
    }
    case "coming-up":
    case "installed":
      return { state, ...onDisk };
    case "silent":
      return { state, ...onDisk, ...defined({ silentAt: cameUp?.expected?.silentAt }) };
    case "install-failed": {
      const result = installation?.final?.result;
      const retryAt = installation?.retry?.nextAt;
      return {
        state,
        ...generation,
        ...(result === "error" || result === "cancelled" ? { result } : {}),
        ...defined({ retryAt }),
      };
    }
    case "agent-lost":
      return { state, ...started, ...heard };
    case "starting-agent":
    case "recovering":
      return { state, ...workOf(record, state) };
    case "backing-off": {
      const backoff = record.backoffs.find(({ process }) => process === record.candidate);
      return { state, ...defined({ backoff }) };
    }
    case "quarantined":
      return { state, ...defined({ quarantine }) };
    default:
      return { state };
  }
}

function workOf(
  record: Omit<MachineRecord, "state">,
  state: MachineStateName,
): { work?: NonNullable<MachineRecord["work"][number]> } {
  const work = record.work.find(({ process }) => processDefinitions[process].workingState === state);
  return work === undefined ? {} : { work };
}
