import { meansTitle } from "../contract/boot-means.ts";
import { ControllerError } from "../controllers/controller.ts";
import type { Eligibility } from "../database/eligibility.ts";
import { startPermission } from "../database/queries/agent/start-allowed.ts";
import { startFailed, startSucceeded } from "../database/queries/agent/start-means.ts";
import { foundRunning } from "../database/queries/controller/power.ts";
import { startBegun, startEnded, startStepped } from "../database/queries/agent/start-record.ts";
import type { Session } from "../database/session.ts";
import { type Work, workClaim } from "../database/work.ts";
import type { Clock } from "../lib/clock.ts";
import type { ControlProcess, ProcessOutcome } from "./control-loop.ts";
import type { AgentStarted } from "./means/agent-means.ts";
import { type MeansFound, meansOf } from "./means/means-of.ts";
import { type Provider, ProviderError } from "./provider.ts";
import type { SwitchesOptions } from "./switch/switch-of.ts";

/** Seconds that a machine has to boot from the network and enrol. Servers spend minutes on testing their memory. */
export const bootSeconds = 600;

/** What agent start needs besides the database. */
export interface AgentStartOptions {
  clock: Clock;
  bootSeconds?: number | undefined;
}

/** The machines of this provider that agent start may take. */
export function agentStartEligibility(provider: Provider, { controllers, takeovers }: SwitchesOptions): Eligibility {
  const switches = {
    provider: provider.power !== undefined,
    controllers: controllers !== undefined,
    ssh: takeovers !== undefined,
  };
  return { process: "ShepherdAgentStart", provider: provider.name, switches };
}

/** Agent start: chooses a means and starts an agent by it, once. */
export function agentStartProcess(
  provider: Provider,
  switches: SwitchesOptions,
  options: AgentStartOptions,
): ControlProcess {
  const eligibility = agentStartEligibility(provider, switches);
  return {
    name: `agent start of ${provider.name}`,
    // Half a minute, growing to half an hour.
    backoff: { initial: 30, exponent: 2, maximum: 1800 },
    claim: (session, limit) => workClaim(switches.database, session, eligibility, limit),
    process: async (work, session, signal) => {
      const found = await meansOf(switches, work.machineId);
      return found.means === undefined
        ? { outcome: "fail", cause: `no agent can be started: ${found.why}` }
        : agentStart(switches, found, { ...options, work, session, signal });
    },
  };
}

type Means = Extract<MeansFound, { by: unknown }>;

/** Starts an agent once by this means. Failures are counted: after two, another means is tried. */
async function agentStart(
  { database }: SwitchesOptions,
  found: Means,
  start: AgentStartOptions & { work: Work; session: Session; signal: AbortSignal },
): Promise<ProcessOutcome> {
  const { work, session, signal } = start;
  const { machineId } = work;
  const { means, why } = found;
  await startBegun(database, session, { machineId, means, why, step: "it begins" });
  const started = await found.by
    .start({
      ...{ work, session, signal, clock: start.clock, bootSeconds: start.bootSeconds ?? bootSeconds },
      allowed: (await startPermission(database, machineId)).allowed,
      step: (step) => startStepped(database, session, { machineId, step }),
    })
    .catch((error: unknown): AgentStarted => {
      if (error instanceof ControllerError) {
        return { end: "failed", cause: error.message, code: error.code };
      }
      if (error instanceof ProviderError) {
        return { end: "failed", cause: error.message };
      }
      throw error;
    });
  if (started.end !== "left") {
    // So that no later boot goes to the network. What the start came to does not depend on it.
    await found.by.undo?.(machineId, signal).catch(() => undefined);
  }
  return outcomeOf(found, started, work);
}

/** What a start's end means for its machine, with what is written as it ends. */
function outcomeOf({ means, why, alone }: Means, started: AgentStarted, { machineId }: Work): ProcessOutcome {
  switch (started.end) {
    case "agent":
      return {
        outcome: "finish",
        tags: async (tx) => {
          await startEnded(tx, machineId);
          await startSucceeded(tx, machineId);
          await started.tags?.(tx);
        },
      };
    case "left":
      // It is not taken again until somebody allows it: that is no failure, and needs no backoff.
      return {
        outcome: "finish",
        tags: async (tx) => {
          await startEnded(tx, machineId);
          await foundRunning(tx, machineId, started.foundBy);
        },
      };
    case "failed":
      return {
        outcome: "fail",
        cause: alone ? started.cause : `by ${meansTitle(means)} (${why}): ${started.cause}`,
        tags: async (tx) => {
          await startEnded(tx, machineId);
          await startFailed(tx, machineId, { means, cause: started.cause, code: started.code });
          await started.tags?.(tx);
        },
      };
  }
}
