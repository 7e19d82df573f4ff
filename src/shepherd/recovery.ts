import type { Eligibility } from "../database/eligibility.ts";
import { agentLost } from "../database/queries/agent/recovery.ts";
import { workClaim } from "../database/work.ts";
import type { ControlProcess, ProcessOutcome } from "./control-loop.ts";
import type { Provider } from "./provider.ts";
import { switchOf, type SwitchesOptions } from "./switch/switch-of.ts";

/** What recovery does about a lost agent, depending on whether anything can start another one. Pure. */
export function recoveryDecide(startable: boolean): { removeAgent: boolean; outcome: ProcessOutcome["outcome"] } {
  return startable ? { removeAgent: true, outcome: "finish" } : { removeAgent: false, outcome: "fail" };
}

/**
 * Recovery of a machine whose agent is needed and lost (see eligibility). If an agent can be started on it, the old
 * agent's tags are removed and agent start applies. Otherwise they stay and the machine backs off: an operator must
 * start the agent again, which will then be accepted.
 */
export function recoveryProcess(provider: Provider, switches: SwitchesOptions): ControlProcess {
  const { database } = switches;
  const eligibility = recoveryEligibility(provider);
  return {
    name: `recovery of ${provider.name}`,
    // 10 minutes, growing to 6 hours, with a history entry each time.
    backoff: { initial: 600, exponent: 2, maximum: 6 * 3600 },
    claim: (session, limit) => workClaim(database, session, eligibility, limit),
    process: async (work, session) => {
      const { removeAgent, outcome } = recoveryDecide((await switchOf(switches, work.machineId)) !== undefined);
      return {
        outcome,
        cause: `provider ${provider.name} can't start an agent, and the machine has no controller: start it by hand`,
        tags: (tx) =>
          agentLost(tx, work.machineId, {
            actor: { kind: "component", name: session.component },
            sessionId: session.id,
            removeAgent,
          }),
      };
    },
  };
}

/** The machines of this provider that recovery may take. */
export function recoveryEligibility(provider: Provider): Eligibility {
  return { process: "ShepherdRecovery", provider: provider.name };
}
