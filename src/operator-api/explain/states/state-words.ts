import type { MachineState, MachineStateName, MachineStateOwner } from "../../../database/machine-state.ts";
import type { MachineRecord } from "../../../database/queries/views/machine-record.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** Facts about a machine in state `S`. */
type In<S extends MachineStateName, Facts extends Pick<ExplainFacts, "record">> = Facts & {
  record: MachineRecord & { state: Extract<MachineState, { state: S }> };
};

/** What a step is decided by; in lists of machines the record is all there is. */
export type StepFacts = Partial<ExplainFacts> & Pick<ExplainFacts, "record">;

/** What a machine waits for and what comes next: decided together, so that they can't contradict each other. */
export interface Step {
  waitingFor: string;
  /** What happens by itself; or "none by itself: " and what an operator has to do. */
  next: string;
}

/** All that is said of a machine in state `S`. Methods, so that the table of all states can be asked for any of them. */
export interface StateWords<S extends MachineStateName> {
  /** Who moves the machine on. */
  owner(state: Extract<MachineState, { state: S }>): MachineStateOwner;
  step(facts: In<S, StepFacts>): Step;
  /** What is in the way, apart from what is named in every state. */
  causes(facts: In<S, ExplainFacts>): Cause[];
  /** What an operator can do, the most useful first; never nothing. Commands in backticks run as they are printed. */
  remedies(facts: In<S, ExplainFacts>): string[];
}
