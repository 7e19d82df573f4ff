import type { Database } from "../database/connect.ts";
import type { Eligibility } from "../database/eligibility.ts";
import { agentLost } from "../database/queries/agent/recovery.ts";
import { workClaim } from "../database/work.ts";
import type { ControlProcess, ProcessOutcome } from "./control-loop.ts";
import type { Provider } from "./provider.ts";

/** What recovery does about a lost agent, depending on its provider's abilities. Pure. */
export function recoveryDecide(provider: Provider): { removeAgent: boolean; outcome: ProcessOutcome["outcome"] } {
  return provider.power === undefined
    ? { removeAgent: false, outcome: "fail" }
    : { removeAgent: true, outcome: "finish" };
}

/**
 * Recovery of a machine whose agent is needed and lost (see eligibility). If the provider can start agents, the old
 * agent's tags are removed and agent start applies. Otherwise they stay and the machine backs off: an operator must
 * start the agent again, which will then be accepted.
 */
export function recoveryProcess(database: Database, provider: Provider): ControlProcess {
  const eligibility = recoveryEligibility(provider);
  const { removeAgent, outcome } = recoveryDecide(provider);
  return {
    name: `recovery of ${provider.name}`,
    // 10 minutes, growing to 6 hours, with a history entry each time.
    backoff: { initial: 600, exponent: 2, maximum: 6 * 3600 },
    claim: (session, limit) => workClaim(database, session, eligibility, limit),
    process: (work, session) =>
      Promise.resolve({
        outcome,
        cause: `provider ${provider.name} can't start an agent: start it by hand`,
        tags: (tx) =>
          agentLost(tx, work.machineId, {
            actor: { kind: "component", name: session.component },
            sessionId: session.id,
            removeAgent,
          }),
      }),
  };
}

/** The machines of this provider that recovery may take. */
export function recoveryEligibility(provider: Provider): Eligibility {
  return { process: "ShepherdRecovery", provider: provider.name };
}
