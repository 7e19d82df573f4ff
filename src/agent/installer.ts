import type { FailureCause } from "../contract/failure-cause.ts";
import type { OSInstallationRequest } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";

/** What came of an installation that ran to its end. */
type InstallationResult = { kind: "success" } | { kind: "error"; error: string; cause?: FailureCause };

/** How an installation ended: with a result, or called off (or the key refused), which is nobody's to report. */
export type InstallationEnd = InstallationResult | { kind: "dropped"; refused: boolean };

/** The greatest generation that this run has had in hand, and what came of it; no result = called off. */
interface Finished {
  generation: bigint;
  result?: InstallationResult;
  /** The run that did it, where that was an earlier one. */
  runId?: Uint8Array;
}

export type InstallerState =
  /** Nothing to do. `last` is never begun again in this run. */
  | { kind: "idle"; last?: Finished }
  | { kind: "installing"; generation: bigint }
  /** Called off, but its last byte may still be on its way; `next` begins once it has ended. */
  | { kind: "aborting"; generation: bigint; refused: boolean; next?: OSInstallationRequest }
  /** The result goes out with every heartbeat until one that carried it was answered OK. */
  | { kind: "reporting"; generation: bigint; result: InstallationResult; runId?: Uint8Array };

export type InstallerEvent =
  | { kind: "requested"; request: OSInstallationRequest }
  | { kind: "cancelled"; generation: bigint }
  /** The control plane took this agent's key before, and does not any more. */
  | { kind: "refused" }
  | { kind: "ended"; generation: bigint; end: InstallationEnd }
  | { kind: "acknowledged"; generation: bigint };

type InstallerAction =
  | { kind: "begin"; request: OSInstallationRequest }
  | { kind: "abort"; generation: bigint; reason: string }
  /** A result is waiting: heartbeat now. */
  | { kind: "report" };

interface Decision {
  state: InstallerState;
  actions: InstallerAction[];
}

const abandoned: InstallationResult = {
  kind: "error",
  error:
    "this installation was broken off when the control plane refused this agent's key, and an agent begins a " +
    "generation only once in its run: the disk may be half-written, request the installation anew",
};

/**
 * The agent's rule: a generation begins if and only if it is asked for, greater than every one begun in this run, and
 * nothing else is in hand. Only a greater generation, a cancellation, or a refused key aborts one that runs; what is
 * absent from an answer never does. One that this run has finished is not begun again if it is asked for: its result is
 * reported again. One that was broken off by a refused key, which is accepted again after all, is reported as failed.
 */
export function installerDecide(state: InstallerState, event: InstallerEvent): Decision {
  switch (state.kind) {
    case "idle":
      return idleDecide(state, event);
    case "installing":
      return installingDecide(state, event);
    case "aborting":
      return abortingDecide(state, event);
    case "reporting": {
      // A greater request has to wait: the next heartbeat carries the result, and its answer the request again.
      const { kind: _kind, ...last } = state;
      return event.kind === "acknowledged" && event.generation === last.generation
        ? { state: { kind: "idle", last }, actions: [] }
        : { state, actions: [] };
    }
  }
}

/** The greatest generation that was taken up, 0 = none. */
export function greatestSeen(state: InstallerState): bigint {
  switch (state.kind) {
    case "idle":
      return state.last?.generation ?? 0n;
    case "aborting":
      return state.next?.generation ?? state.generation;
    case "installing":
    case "reporting":
      return state.generation;
  }
}

/** The generation that this run has installed, if its result was acknowledged and nothing else is in hand. */
export function installedAtRest(state: InstallerState): bigint | undefined {
  return state.kind === "idle" && state.last?.result?.kind === "success" ? state.last.generation : undefined;
}

function idleDecide(state: InstallerState & { kind: "idle" }, event: InstallerEvent): Decision {
  if (event.kind !== "requested") {
    return { state, actions: [] };
  }
  const { request } = event;
  const { last } = state;
  // Generations count from 1: a request without one is no request.
  if (request.generation > (last?.generation ?? 0n)) {
    return { state: { kind: "installing", generation: request.generation }, actions: [{ kind: "begin", request }] };
  }
  if (request.generation === last?.generation && last.result !== undefined) {
    const { result } = last;
    return { state: { kind: "reporting", ...last, result }, actions: [{ kind: "report" }] };
  }
  return { state, actions: [] };
}

function installingDecide(state: InstallerState & { kind: "installing" }, event: InstallerEvent): Decision {
  const { generation } = state;
  switch (event.kind) {
    case "requested": {
      const next = event.request;
      return next.generation > generation
        ? {
            state: { kind: "aborting", generation, refused: false, next },
            actions: [{ kind: "abort", generation, reason: `generation ${next.generation} is asked for instead` }],
          }
        : { state, actions: [] };
    }
    case "cancelled":
      return event.generation === generation
        ? {
            state: { kind: "aborting", generation, refused: false },
            actions: [{ kind: "abort", generation, reason: "it was cancelled" }],
          }
        : { state, actions: [] };
    case "refused":
      return {
        state: { kind: "aborting", generation, refused: true },
        actions: [{ kind: "abort", generation, reason: "the control plane refuses this agent's key" }],
      };
    case "ended":
      return event.generation === generation ? ended(generation, event.end) : { state, actions: [] };
    case "acknowledged":
      return { state, actions: [] };
  }
}

function abortingDecide(state: InstallerState & { kind: "aborting" }, event: InstallerEvent): Decision {
  const { generation, refused, next } = state;
  switch (event.kind) {
    case "requested": {
      const greatest = next?.generation ?? generation;
      return { state: event.request.generation > greatest ? { ...state, next: event.request } : state, actions: [] };
    }
    case "cancelled":
      return next !== undefined && event.generation === next.generation
        ? { state: { kind: "aborting", generation, refused }, actions: [] }
        : { state, actions: [] };
    case "refused":
      return { state: { kind: "aborting", generation, refused: true }, actions: [] };
    case "ended":
      if (event.generation !== generation) {
        return { state, actions: [] };
      }
      return next === undefined
        ? // It may have come to its end before the abort reached it; called off is called off.
          ended(generation, { kind: "dropped", refused })
        : {
            state: { kind: "installing", generation: next.generation },
            actions: [{ kind: "begin", request: next }],
          };
    case "acknowledged":
      return { state, actions: [] };
  }
}

function ended(generation: bigint, end: InstallationEnd): Decision {
  if (end.kind !== "dropped") {
    return { state: { kind: "reporting", generation, result: end }, actions: [{ kind: "report" }] };
  }
  const last: Finished = end.refused ? { generation, result: abandoned } : { generation };
  return { state: { kind: "idle", last }, actions: [] };
}
