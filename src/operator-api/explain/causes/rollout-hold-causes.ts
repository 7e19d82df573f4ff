import type { RolloutStateName } from "../../../database/queries/rollout/rollout-record.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** What of a rollout the machine waits for, or failed in. Pure. */
export function rolloutHoldCauses({ rollout }: ExplainFacts): Cause[] {
  if (rollout === undefined) {
    return [];
  }
  const { name, wave, machine, state } = rollout;
  switch (machine) {
    case "waiting":
      return [
        {
          kind: "rollout",
          text: `rollout ${name} holds it for wave ${wave}: its turn has not come${begins(state) ? "" : `, and the rollout is ${state}`}`,
        },
      ];
    case "requested":
      return [{ kind: "rollout", text: `rollout ${name} holds it: its turn in wave ${wave} has come` }];
    case "failed":
      return [{ kind: "rollout", text: `it failed in rollout ${name}, in wave ${wave}` }];
  }
}

/** What an operator can do about it. Pure. */
export function rolloutHoldRemedies({ rollout }: ExplainFacts): string[] {
  if (rollout === undefined) {
    return [];
  }
  const { name, machine, state } = rollout;
  const look = `see how far the rollout is: \`farrier rollout show ${name}\``;
  switch (machine) {
    case "waiting":
      return [...(begins(state) ? [] : [`go on with the rollout: \`farrier rollout resume ${name}\``]), look];
    case "requested":
      return [look];
    case "failed":
      return [`try it again with all that failed in the rollout: \`farrier rollout retry-failed ${name}\``];
  }
}

function begins(state: RolloutStateName): boolean {
  return state !== "paused" && state !== "stopped";
}
