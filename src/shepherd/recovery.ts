import type { ControllerPower } from "../controllers/controller.ts";
import type { Eligibility } from "../database/eligibility.ts";
import { agentLost } from "../database/queries/agent/recovery.ts";
import { startPermission } from "../database/queries/agent/start-allowed.ts";
import { machineSshOf } from "../database/queries/machine/machine-ssh.ts";
import { workClaim } from "../database/work.ts";
import type { ControlProcess } from "./control-loop.ts";
import type { Provider } from "./provider.ts";
import { switchOf, type SwitchesOptions } from "./switch/switch-of.ts";

/** What is known of a machine whose agent is lost. */
export interface LostAgent {
  /** Something can start another agent. */
  startable: boolean;
  /** What runs on the machine may be stopped. */
  allowed: boolean;
  /** It ran something before Farrier started anything on it. */
  foundRunning: boolean;
  /** Whether it has power, as read now; undefined = not read, because nothing depends on it. */
  power: ControllerPower | undefined;
}

/**
 * What recovery does about a lost agent. Another agent is started if something can start it and stops nothing that may
 * not be stopped. The old agent's tags are kept otherwise, so that it is accepted when it comes back. Pure.
 */
export function recoveryDecide({ startable, allowed, foundRunning, power }: LostAgent): "start" | "cannot" | "may-not" {
  if (!startable) {
    return "cannot";
  }
  return allowed || (!foundRunning && power === "off") ? "start" : "may-not";
}

/**
 * Recovery of a machine whose agent is needed and lost (see eligibility). If an agent can be started on it, the old
 * agent's tags are removed and agent start applies. Otherwise they stay and the machine backs off: an operator must
 * start the agent again, which will then be accepted, or allow that what runs on the machine is stopped.
 */
export function recoveryProcess(provider: Provider, switches: SwitchesOptions): ControlProcess {
  const { database } = switches;
  const eligibility = recoveryEligibility(provider);
  return {
    name: `recovery of ${provider.name}`,
    // 10 minutes, growing to 6 hours, with a history entry each time.
    backoff: { initial: 600, exponent: 2, maximum: 6 * 3600 },
    claim: (session, limit) => workClaim(database, session, eligibility, limit),
    process: async (work, session, signal) => {
      const { machineId } = work;
      const by = await switchOf(switches, machineId);
      const bySsh = switches.takeovers !== undefined && (await machineSshOf(database, machineId)) !== undefined;
      const permission = await startPermission(database, machineId);
      const decided = recoveryDecide({
        startable: by !== undefined || bySsh,
        ...permission,
        power: by === undefined || permission.allowed ? undefined : await by.get(signal),
      });
      return {
        outcome: decided === "start" ? "finish" : "fail",
        cause:
          decided === "may-not"
            ? "an agent could be started on it, but nobody has allowed to stop what runs on it: `farrier machine start-agent --help` says how. Or start the agent again by hand"
            : `provider ${provider.name} can't start an agent, and the machine has no controller and no SSH account: start it by hand`,
        tags: (tx) =>
          agentLost(tx, machineId, {
            actor: { kind: "component", name: session.component },
            sessionId: session.id,
            removeAgent: decided === "start",
          }),
      };
    },
  };
}

/** The machines of this provider that recovery may take. */
export function recoveryEligibility(provider: Provider): Eligibility {
  return { process: "ShepherdRecovery", provider: provider.name };
}
