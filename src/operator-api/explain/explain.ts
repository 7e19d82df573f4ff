import type { MachineRecord } from "../../database/queries/views/machine-record.ts";
import { explainCauses } from "./causes.ts";
import { durationText } from "../../lib/format/duration.ts";
import { recordTitle, type Cause, type ExplainFacts } from "./facts.ts";
import { explainRemedies } from "./remedies.ts";
import { stateWords } from "./states.ts";
import type { Step } from "./states/state-words.ts";

/** Why a machine makes no progress, and what an operator can do. */
export interface Explanation {
  waitingFor: string;
  nextStep: string;
  causes: Cause[];
  /** Empty = none. */
  lastError: string;
  remedies: string[];
  /** The whole explanation for people, one line per entry. */
  lines: string[];
  /** The URL of the documentation of this state. */
  documentation: string;
}

/**
 * Explains a machine: in state X for Y (expected at most Z); waiting for W; next step T; last error E; you can: … Pure.
 */
export function explain(facts: ExplainFacts): Explanation {
  const { record, now } = facts;
  const { state } = record;
  const { waitingFor, next } = stepWithDatabase(stateWords(state.state).step(facts), facts);
  const causes = explainCauses(facts);
  const lastError = lastErrorOf(record);
  const remedies = explainRemedies(facts);
  const expected =
    state.deadline === undefined
      ? "no time limit"
      : `expected at most ${durationText(state.deadline.getTime() - state.since.getTime())}`;
  const documentation = `docs/operations/states.md#state-${state.state}`;
  return {
    waitingFor,
    nextStep: next,
    causes,
    lastError,
    remedies,
    documentation,
    lines: [
      `${recordTitle(record)} is in state ${state.state} for ${durationText(now.getTime() - state.since.getTime())} (${expected})`,
      `waiting for ${waitingFor}`,
      `next: ${next}`,
      ...causes.map(({ text }) => `because: ${withoutError(text, lastError)}`),
      ...(lastError === "" ? [] : [`last error: ${lastError}`]),
      ...remedies.map((remedy) => `you can: ${remedy}`),
      `more: ${documentation}`,
    ],
  };
}

/** While the database takes no writes, every machine waits for that first. */
function stepWithDatabase({ waitingFor, next }: Step, { readOnly }: ExplainFacts): Step {
  return readOnly !== true || waitingFor.startsWith("nothing")
    ? { waitingFor, next }
    : {
        waitingFor: `the database to accept writes, then for ${waitingFor}`,
        next: `none until the database accepts writes; then ${next}`,
      };
}

/** Removes the last error from the end of a cause, because it has its own line. */
function withoutError(text: string, lastError: string): string {
  const ending = `: ${lastError}`;
  return lastError !== "" && text.endsWith(ending) ? text.slice(0, -ending.length) : text;
}

/** The newest known error: of the newest request, or of the work that was last given up. */
function lastErrorOf({ installation, backoffs }: MachineRecord): string {
  const final = installation?.final;
  if (final?.result === "error" && installation?.pending === false) {
    return final.error ?? "";
  }
  return backoffs.at(-1)?.cause ?? "";
}
