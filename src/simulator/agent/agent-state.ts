/** The result of an installation. */
export type SimulatedResult = { kind: "success" } | { kind: "error"; error: string };

/** How an installation ended: with a result, or without one because it was called off. */
export type SimulatedEnd = SimulatedResult | { kind: "dropped" };

/** The state of an agent's run. */
export type AgentState =
  /** `last` is the greatest generation that it has begun, 0 means none; it is never begun again. */
  | { kind: "idle"; last: bigint; result?: SimulatedResult }
  | { kind: "installing"; generation: bigint }
  /** Sent with each heartbeat until one with it was answered. */
  | { kind: "reporting"; generation: bigint; result: SimulatedResult };

export type AgentEvent =
  | { kind: "requested"; generation: bigint }
  | { kind: "cancelled"; generation: bigint }
  | { kind: "ended"; generation: bigint; end: SimulatedEnd }
  | { kind: "acknowledged"; generation: bigint };

export type AgentAction =
  | { kind: "begin"; generation: bigint }
  | { kind: "stop"; generation: bigint }
  /** A result waits: heartbeat now. */
  | { kind: "report" };

interface Decision {
  state: AgentState;
  actions: AgentAction[];
}

/**
 * The agent's rule (docs/wire.md): a generation begins if and only if it is greater than every generation that this run has
 * begun. Only a greater one or a cancellation stops one. A result is reported until acknowledged, and again if its
 * generation is requested again.
 */
export function agentDecide(state: AgentState, event: AgentEvent): Decision {
  switch (event.kind) {
    case "requested":
      return requested(state, event.generation);
    case "cancelled":
      return state.kind === "installing" && state.generation === event.generation
        ? {
            state: { kind: "idle", last: event.generation },
            actions: [{ kind: "stop", generation: event.generation }],
          }
        : { state, actions: [] };
    case "ended":
      return ended(state, event.generation, event.end);
    case "acknowledged":
      return state.kind === "reporting" && state.generation === event.generation
        ? { state: { kind: "idle", last: state.generation, result: state.result }, actions: [] }
        : { state, actions: [] };
  }
}

/** The greatest generation that was begun. */
export function lastSeen(state: AgentState): bigint {
  return state.kind === "idle" ? state.last : state.generation;
}

function requested(state: AgentState, generation: bigint): Decision {
  const unchanged = { state, actions: [] };
  const begun: AgentState = { kind: "installing", generation };
  switch (state.kind) {
    case "idle":
      if (generation > state.last) {
        return { state: begun, actions: [{ kind: "begin", generation }] };
      }
      return generation === state.last && state.result !== undefined
        ? { state: { kind: "reporting", generation, result: state.result }, actions: [{ kind: "report" }] }
        : unchanged;
    case "installing":
      return generation > state.generation
        ? {
            state: begun,
            actions: [
              { kind: "stop", generation: state.generation },
              { kind: "begin", generation },
            ],
          }
        : unchanged;
    case "reporting":
      // The next heartbeat carries the result, and its answer the request again.
      return unchanged;
  }
}

function ended(state: AgentState, generation: bigint, end: SimulatedEnd): Decision {
  if (state.kind !== "installing" || state.generation !== generation) {
    return { state, actions: [] };
  }
  return end.kind === "dropped"
    ? { state: { kind: "idle", last: generation }, actions: [] }
    : { state: { kind: "reporting", generation, result: end }, actions: [{ kind: "report" }] };
}
