import { type BootMeans, meansTitle } from "../contract/boot-means.ts";
import { ControllerError, type ControllerPower } from "../controllers/controller.ts";
import type { Database } from "../database/connect.ts";
import type { Eligibility } from "../database/eligibility.ts";
import {
  bootWindowClose,
  bootWindowOf,
  bootWindowOpen,
  bootWindowState,
} from "../database/queries/boot/boot-window.ts";
import { startFailed, startSucceeded } from "../database/queries/agent/start-means.ts";
import { startAllowed } from "../database/queries/agent/start-allowed.ts";
import { netbootProgress } from "../database/queries/boot/netboot-note.ts";
import { writerPowerOff } from "../database/queries/installation/writer.ts";
import type { Session } from "../database/session.ts";
import { transact, type Tx } from "../database/transaction.ts";
import { type Work, workClaim } from "../database/work.ts";
import type { Clock } from "../lib/clock.ts";
import { agentStartBegin, agentStartNext } from "./agent-start-next.ts";
import type { ControlProcess, ProcessOutcome } from "./control-loop.ts";
import { type Provider, ProviderError } from "./provider.ts";
import type { MachineSwitch } from "./switch/machine-switch.ts";
import { meansSwitch } from "./switch/means-switch.ts";
import type { SwitchesOptions } from "./switch/switch-of.ts";

/** Seconds that a machine has to boot from the network and enrol. Servers spend minutes on testing their memory. */
export const bootSeconds = 600;

/** What agent start needs besides the database. */
export interface AgentStartOptions {
  clock: Clock;
  bootSeconds?: number | undefined;
}

/** The machines of this provider that agent start may take. */
export function agentStartEligibility(provider: Provider, { controllers }: SwitchesOptions): Eligibility {
  const switches = { provider: provider.power !== undefined, controllers: controllers !== undefined };
  return { process: "ShepherdAgentStart", provider: provider.name, switches };
}

/**
 * Agent start by power switch: switch off, open the boot window, switch on to boot from the network, wait until the
 * agent has enrolled. The machine is switched off first, because an earlier agent would claim it within the window. The
 * next start resets everything that an interrupted start leaves behind.
 */
export function agentStartProcess(
  provider: Provider,
  switches: SwitchesOptions,
  options: AgentStartOptions,
): ControlProcess {
  const { database } = switches;
  const eligibility = agentStartEligibility(provider, switches);
  return {
    name: `agent start of ${provider.name}`,
    // Half a minute, growing to half an hour.
    backoff: { initial: 30, exponent: 2, maximum: 1800 },
    claim: (session, limit) => workClaim(database, session, eligibility, limit),
    process: async (work, session, signal) => {
      const chosen = await meansSwitch(switches, work.machineId);
      return "means" in chosen
        ? agentStart(database, chosen, { ...options, work, session, signal })
        : { outcome: "fail", cause: `no agent can be started: ${chosen.why}` };
    },
  };
}

interface Start extends AgentStartOptions {
  work: Work;
  session: Session;
  signal: AbortSignal;
}

/** Starts an agent once by this means. Failures are counted: after two, another means is tried. */
async function agentStart(
  database: Database,
  { by, means, why, alone }: { by: MachineSwitch; means: BootMeans; why: string; alone: boolean },
  start: Start,
): Promise<ProcessOutcome> {
  const { machineId } = start.work;
  const failed = (cause: string, tags?: (tx: Tx) => Promise<void>): ProcessOutcome => ({
    outcome: "fail",
    cause: alone ? cause : `by ${meansTitle(means)} (${why}): ${cause}`,
    tags: async (tx) => {
      await startFailed(tx, machineId, means);
      await tags?.(tx);
    },
  });
  try {
    return await agentStartBy(database, by, start, failed);
  } catch (error) {
    if (error instanceof ControllerError || error instanceof ProviderError) {
      return failed(error.message);
    }
    throw error;
  }
}

async function agentStartBy(
  database: Database,
  by: MachineSwitch,
  start: Start,
  failed: (cause: string, tags?: (tx: Tx) => Promise<void>) => ProcessOutcome,
): Promise<ProcessOutcome> {
  const { work, session, signal, clock } = start;
  const { machineId } = work;
  const begun = await begin(database, by, start);
  if ("refused" in begun) {
    return { outcome: "fail", cause: begun.refused };
  }
  const window = begun.windowId;
  const since = clock.monotonic();
  let power: { state: ControllerPower; readAt: number } | undefined;
  for (;;) {
    const state = await bootWindowState(database, window);
    const boots = state === "expired" ? await netbootProgress(database, machineId) : undefined;
    if (power === undefined || clock.monotonic() - power.readAt >= powerPace(by)) {
      power = { state: await by.get(signal), readAt: clock.monotonic() };
    }
    const seen = {
      window: state,
      ...(boots === undefined ? {} : { loaded: boots.loaded }),
      power: power.state,
      seconds: (clock.monotonic() - since) / 1000,
    };
    const decided = agentStartNext(seen);
    switch (decided.next) {
      case "finish":
        // Removes the boot override of this start, so that no later boot goes to the network. A failure is ignored, because
        // the agent runs already.
        await by.bootClear(signal).catch(() => undefined);
        return { outcome: "finish", tags: (tx) => startSucceeded(tx, machineId) };
      case "fail":
        await by.bootClear(signal).catch(() => undefined);
        await bootWindowClose(database, {
          machineId,
          windowId: window,
          actor: { kind: "component", name: session.component },
        });
        return failed(decided.cause, seen.power === "off" ? (tx) => writerPowerOff(tx, machineId) : undefined);
      case "wait":
        await clock.sleep(500, signal);
    }
  }
}

/**
 * Milliseconds between two power readings of a booting machine. Controllers answer slowly, so they are read less often.
 */
function powerPace({ by }: MachineSwitch): number {
  return by === "controller" ? 5_000 : 0;
}

/**
 * Starts the machine unless it is already booting. Resolves to the id of the boot window, or to the reason why the
 * machine is left alone.
 */
async function begin(
  database: Database,
  by: MachineSwitch,
  start: Start,
): Promise<{ windowId: string } | { refused: string }> {
  const { work, session, signal } = start;
  const { machineId } = work;
  const power = await by.get(signal);
  const allowed = await startAllowed(database, machineId);
  const decided = agentStartBegin({
    window: await bootWindowOf(database, machineId),
    power,
    component: session.component,
    allowed,
  });
  switch (decided.begin) {
    case "join":
      return { windowId: decided.windowId };
    case "leave":
      return { refused: decided.cause };
    case "power-cycle": {
      // Without permission, the machine was off. If an operator has just switched it on, it must not be switched off.
      if (allowed) {
        await by.set("off", signal);
      }
      // Runs under the session, so that no window is opened once another session holds the work.
      const { windowId } = await transact(database, session, async (tx) => {
        const opened = await bootWindowOpen(tx, machineId, {
          actor: { kind: "component", name: session.component },
          seconds: start.bootSeconds ?? bootSeconds,
        });
        // A machine without power writes nothing, so the new agent need not wait for the previous run's silence.
        await writerPowerOff(tx, machineId, 0);
        return opened;
      });
      await by.onInto("network", signal);
      return { windowId };
    }
  }
}
