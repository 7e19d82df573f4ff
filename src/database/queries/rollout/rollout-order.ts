import type { Generation, MachineId } from "../../ids.ts";
import type { RolloutRecord } from "./rollout-record.ts";

/** An installation that a rollout wants. */
export interface RolloutOrder {
  rollout: Pick<RolloutRecord, "number" | "name" | "profile" | "sealedValues">;
  machineId: MachineId;
  /** How many times the machine was begun: each has a request id of its own. */
  attempt: number;
  /** The generation that it must get: nothing else was requested since the plan. */
  generation: Generation;
}

/** The answer; what may succeed later is thrown instead. */
export type RolloutOrdered = { kind: "requested"; generation: Generation } | { kind: "refused"; error: string };

/**
 * Requests an installation, exactly once for each rollout, machine and attempt, however often it is called.
 * @throws {DatabaseError} `unavailable`, `busy`; {SecretsError}
 */
export type RolloutRequester = (order: RolloutOrder) => Promise<RolloutOrdered>;
