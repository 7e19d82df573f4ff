import type { FailureCause } from "../contract/failure-cause.ts";
import type { OSInstallationRequest } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";

/** The result of an installation that ran to its end. */
type InstallationResult = { kind: "success" } | { kind: "error"; error: string; cause?: FailureCause };

/** How an installation ended: with a result, or without one because it was called off (or the key refused). */
export type InstallationEnd = InstallationResult | { kind: "dropped"; refused: boolean };

/** The greatest generation that this run has begun, with its result; no result means called off. */
interface Finished {
  generation: bigint;
  result?: InstallationResult;
  /** The run that did it, if it was an earlier one. */
  runId?: Uint8Array;
}

export type InstallerState =
  /** Nothing to do. `last` is never begun again in this run. */
  | { kind: "idle"; last?: Finished }
  | { kind: "installing"; generation: bigint }
  /** Called off, but its last write may still be in flight; `next` begins once it has ended. */
  | { kind: "aborting"; generation: bigint; refused: boolean; next?: OSInstallationRequest }
  /** The result goes out with every heartbeat until a heartbeat with it was answered OK. */
  | { kind: "reporting"; generation: bigint; result: InstallationResult; runId?: Uint8Array };

export type InstallerEvent =
  | { kind: "requested"; request: OSInstallationRequest }
  | { kind: "cancelled"; generation: bigint }
  /** The control plane accepted this agent's key before, and refuses it now. */
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
    "this installation was aborted when the control plane refused this agent's key, and an agent begins a " +
    "generation only once in its run: the disk may be half-written, request the installation anew",
};

/**
 * The agent's rule: a generation begins if and only if it is requested, greater than every generation begun in this
 * run, and nothing else is running. A running generation is aborted only by a greater generation, a cancellation, or a
 * refused key, never by the absence of a request. A generation that this run has finished is not begun again if it is
 * requested again: its result is reported again. A generation aborted by a refused key that is later accepted again is
 * reported as failed.
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
      // A greater request must wait: the next heartbeat carries the result, and its answer the request again.
      const { kind: _kind, ...last } = state;
      return event.kind === "acknowledged" && event.generation === last.generation
        ? { state: { kind: "idle", last }, actions: [] }
        : { state, actions: [] };
    }
  }
}

/** The greatest generation that was begun; 0 means none. */
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

/** The generation that this run has installed, if its result was acknowledged and nothing else is running. */
export function installedAtRest(state: InstallerState): bigint | undefined {
  return state.kind === "idle" && state.last?.result?.kind === "success" ? state.last.generation : undefined;
}

function idleDecide(state: InstallerState & { kind: "idle" }, event: InstallerEvent): Decision {
  if (event.kind !== "requested") {
    return { state, actions: [] };
  }
  const { request } = event;
  const { last } = state;
  // Generations count from 1: generation 0 means no request.
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
            actions: [{ kind: "abort", generation, reason: `generation ${next.generation} is requested instead` }],
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
