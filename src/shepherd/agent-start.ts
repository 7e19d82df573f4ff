import type { Database } from "../database/connect.ts";
import type { Eligibility } from "../database/eligibility.ts";
import {
  bootWindowClose,
  bootWindowOf,
  bootWindowOpen,
  bootWindowState,
} from "../database/queries/boot/boot-window.ts";
import { netbootProgress } from "../database/queries/boot/netboot-note.ts";
import { writerPowerOff } from "../database/queries/installation/writer.ts";
import { providedIdOf } from "../database/queries/provider/provided.ts";
import type { Session } from "../database/session.ts";
import { transact, type Tx } from "../database/transaction.ts";
import { type Work, workClaim } from "../database/work.ts";
import type { Clock } from "../lib/clock.ts";
import { agentStartBegin, agentStartNext } from "./agent-start-next.ts";
import type { ControlProcess, ProcessOutcome } from "./control-loop.ts";
import type { Provider, ProviderPower } from "./provider.ts";

/** Seconds that a machine has to boot from the network and enrol: servers test their memory for minutes. */
export const bootSeconds = 600;

/** What agent start needs besides the database. */
export interface AgentStartOptions {
  clock: Clock;
  bootSeconds?: number | undefined;
}

/** The machines of this provider that agent start may take. */
export function agentStartEligibility(provider: Provider): Eligibility {
  return { process: "ShepherdAgentStart", provider: provider.name };
}

/**
 * Agent start by power switch: off → open the boot window → on, from the network → wait until the agent has enrolled.
 * Off comes first, because an earlier agent would claim the machine within the window. An interruption leaves nothing
 * that the next start does not reset.
 */
export function agentStartProcess(
  database: Database,
  provider: Provider & { power: ProviderPower },
  options: AgentStartOptions,
): ControlProcess {
  const eligibility = agentStartEligibility(provider);
  return {
    name: `agent start of ${provider.name}`,
    // Half a minute, growing to half an hour.
    backoff: { initial: 30, exponent: 2, maximum: 1800 },
    claim: (session, limit) => workClaim(database, session, eligibility, limit),
    process: (work, session, signal) => agentStart(database, provider.power, { ...options, work, session, signal }),
  };
}

interface Start extends AgentStartOptions {
  work: Work;
  session: Session;
  signal: AbortSignal;
}

async function agentStart(database: Database, power: ProviderPower, start: Start): Promise<ProcessOutcome> {
  const { work, session, signal, clock } = start;
  const { machineId } = work;
  const providerId = await providedIdOf(database, machineId);
  if (providerId === undefined) {
    return { outcome: "fail", cause: "its provider is no longer known" };
  }
  const window = await begin(database, power, start, providerId);
  const since = clock.monotonic();
  for (;;) {
    const state = await bootWindowState(database, window);
    const boots = state === "expired" ? await netbootProgress(database, machineId) : undefined;
    const seen = {
      window: state,
      ...(boots === undefined ? {} : { loaded: boots.loaded }),
      power: await power.get(providerId, signal),
      seconds: (clock.monotonic() - since) / 1000,
    };
    const decided = agentStartNext(seen);
    switch (decided.next) {
      case "finish":
        return { outcome: "finish" };
      case "fail":
        await bootWindowClose(database, {
          machineId,
          windowId: window,
          actor: { kind: "component", name: session.component },
        });
        return {
          outcome: "fail",
          cause: decided.cause,
          ...(seen.power === "off" ? { tags: (tx: Tx) => writerPowerOff(tx, machineId) } : {}),
        };
      case "wait":
        await clock.sleep(500, signal);
    }
  }
}

/** Starts the machine unless it is already booting; resolves to the id of its window. */
async function begin(database: Database, power: ProviderPower, start: Start, providerId: string): Promise<string> {
  const { work, session, signal } = start;
  const { machineId } = work;
  const decided = agentStartBegin(
    await bootWindowOf(database, machineId),
    await power.get(providerId, signal),
    session.component,
  );
  switch (decided.begin) {
    case "join":
      return decided.windowId;
    case "power-cycle": {
      await power.set(providerId, "off", { signal });
      // Under the session: once another session has the work, this one opens no window.
      const { windowId } = await transact(database, session, async (tx) => {
        const opened = await bootWindowOpen(tx, machineId, {
          actor: { kind: "component", name: session.component },
          seconds: start.bootSeconds ?? bootSeconds,
        });
        // Nothing writes on a machine without power, so the new agent need not wait for the previous run's silence.
        await writerPowerOff(tx, machineId, 0);
        return opened;
      });
      await power.set(providerId, "on", { boot: "network", signal });
      return windowId;
    }
  }
}
