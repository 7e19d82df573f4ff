import type { MachineState, MachineStateName, MachineStateOwner } from "../../../database/machine-state.ts";
import type { MachineRecord } from "../../../database/queries/views/machine-record.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** The facts about a machine in state `S`. */
type In<S extends MachineStateName, Facts extends Pick<ExplainFacts, "record">> = Facts & {
  record: MachineRecord & { state: Extract<MachineState, { state: S }> };
};

/** The facts from which a step is decided. For lists of machines, only the record is known. */
export type StepFacts = Partial<ExplainFacts> & Pick<ExplainFacts, "record">;

/** What a machine waits for and what comes next: decided together, so that they can't contradict each other. */
export interface Step {
  waitingFor: string;
  /** What happens by itself, or "none by itself: " and what an operator must do. */
  next: string;
}

/** The words about a machine in state `S`. They are methods, so that one table can hold the words of all states. */
export interface StateWords<S extends MachineStateName> {
  /** Who moves the machine on. */
  owner(facts: In<S, Pick<ExplainFacts, "record">>): MachineStateOwner;
  step(facts: In<S, StepFacts>): Step;
  /** What blocks the machine, besides the causes common to all states. */
  causes(facts: In<S, ExplainFacts>): Cause[];
  /** What an operator can do, the most useful remedy first; at least one. Commands in backticks run as printed. */
  remedies(facts: In<S, ExplainFacts>): string[];
}
