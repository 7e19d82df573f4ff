// The processes on machines, a row each. In SQL the table `process` has the same names, states and order; a migration that
// adds a process fills it, and a test compares the two.
import { sql, type RawBuilder } from "kysely";
import type { Process } from "./ids.ts";
import type { MachineStateName } from "./machine-state.ts";

/** What is defined of one process. */
export interface ProcessDefinition {
  /**
   * The predicate on `machines m` that says whether the process may take the machine. That the machine is the provider's, is
   * not held and does not back off is asked of every process, in eligibility.ts.
   */
  eligible: RawBuilder<unknown>;
  /** Processes that may not hold the machine at the same time; the process itself is always one of them. */
  excludes: readonly Process[];
  /** The state of a machine while a session holds it for this process. */
  workingState: MachineStateName;
  /** The state of a machine that this process may take; absent: the rest of what is known of the machine gives the state. */
  candidateState?: MachineStateName;
  /** If several processes hold a machine, the one with the lowest order gives the state. */
  order: number;
}

/**
 * Every process. What the predicates are made of (agent_wanted, agent_silent) is defined in the schema, where the stored
 * state of a machine comes from the same; machine_state_now there says which process a machine is for.
 */
export const processDefinitions: Readonly<Record<Process, ProcessDefinition>> = {
  ShepherdAgentStart: {
    eligible: sql`NOT EXISTS (SELECT FROM machine_agent_started a WHERE a.machine_id = m.machine_id)
      AND agent_wanted(m.machine_id)`,
    excludes: ["ShepherdAgentStart", "ShepherdRecovery"],
    workingState: "starting-agent",
    order: 1,
  },
  ShepherdRecovery: {
    eligible: sql`agent_silent(m.machine_id) AND agent_wanted(m.machine_id)`,
    excludes: ["ShepherdRecovery", "ShepherdAgentStart"],
    workingState: "recovering",
    candidateState: "agent-lost",
    order: 2,
  },
};
