import { ControllerError, type ControllerErrorCode, type ControllerPower } from "../../controllers/controller.ts";
import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import { agentIsBound } from "../../database/queries/agent/agent.ts";
import { startAllowByAgent } from "../../database/queries/agent/start-allowed.ts";
import {
  bootWindowClose,
  bootWindowGiven,
  bootWindowOf,
  bootWindowOpen,
  bootWindowState,
} from "../../database/queries/boot/boot-window.ts";
import { bootOverrideClearing, bootOverrideOf, bootOverrideSet } from "../../database/queries/boot/boot-override.ts";
import { foundRunning, isFoundRunning } from "../../database/queries/controller/power.ts";
import { writerPowerOff } from "../../database/queries/installation/writer.ts";
import { transact } from "../../database/transaction.ts";
import { defined } from "../../lib/defined.ts";
import { bootOverrideRemove } from "../boot-override-remove.ts";
import { agentStartBegin, agentStartNext } from "../agent-start-next.ts";
import { ProviderError } from "../provider.ts";
import type { MachineSwitch } from "../switch/machine-switch.ts";
import type { BootWay } from "./boot-way.ts";
import type { AgentMeans, AgentStart, AgentStarted } from "./agent-means.ts";

/**
 * The means of a power switch and a boot: switch off, open the boot window, switch on to boot from there, wait until the
 * agent has enrolled. The machine is switched off first, because an earlier agent would claim it within
 * the window. The next start resets everything that an interrupted start leaves behind.
 */
export function bootStart(database: Database, by: MachineSwitch, way: BootWay): AgentMeans {
  return { start: (start) => bootStartBy(database, by, { way, start }), ...(by.leavesOverride ? { undo } : {}) };

  async function undo(machineId: MachineId, signal: AbortSignal): Promise<void> {
    const override = await bootOverrideOf(database, machineId);
    // A start that may have switched the machine on has left its window open: the next start joins that boot.
    if (override?.booting === false) {
      await bootOverrideRemove(database, by, override, signal);
    }
  }
}

/** A start, and from where its machine boots. */
interface BootStart {
  way: BootWay;
  start: AgentStart;
}

async function bootStartBy(database: Database, by: MachineSwitch, { way, start }: BootStart): Promise<AgentStarted> {
  const { work, session, signal, clock } = start;
  const { machineId } = work;
  const begun = await begin(database, by, { way, start });
  if ("end" in begun) {
    return begun;
  }
  const window = begun.windowId;
  const since = clock.monotonic();
  await start.step(`it is switched on, and boots from ${way.from} until its agent enrols`);
  let power: { state: ControllerPower; readAt: number } | undefined;
  for (;;) {
    const state = await bootWindowState(database, window);
    // A machine that seems to be off is read again at once: nothing is decided by a reading from before it had settled.
    if (power === undefined || power.state === "off" || clock.monotonic() - power.readAt >= by.pace) {
      power = { state: await powerSeen(by, signal), readAt: clock.monotonic() };
    }
    const seen = {
      window: state,
      from: way.from,
      ...(state === "expired" ? { notCome: await way.notCome(machineId) } : {}),
      power: power.state,
      seconds: (clock.monotonic() - since) / 1000,
    };
    const decided = agentStartNext(seen);
    switch (decided.next) {
      case "finish":
        return { end: "agent" };
      case "fail":
        await bootWindowClose(database, {
          machineId,
          windowId: window,
          actor: { kind: "component", name: session.component },
        });
        return seen.power === "off"
          ? { end: "failed", cause: decided.cause, tags: (tx) => writerPowerOff(tx, machineId) }
          : notCome(database, by, { start, window, cause: decided.cause });
      case "wait":
        await clock.sleep(500, signal);
    }
  }
}

/**
 * The end of a start by which no agent came, and that leaves the machine with power. If the machine was started without
 * permission and did not load the agent, what runs now may be the system on its disk, which may not be stopped either.
 */
async function notCome(
  database: Database,
  by: MachineSwitch,
  { start, window, cause }: { start: AgentStart; window: string; cause: string },
): Promise<AgentStarted> {
  const { machineId } = start.work;
  if (start.allowed) {
    return { end: "failed", cause };
  }
  return (await bootWindowGiven(database, window))
    ? { end: "failed", cause, tags: (tx) => startAllowByAgent(tx, machineId) }
    : {
        end: "failed",
        cause: `${cause}. What runs on it now may be the system on its disk, which nobody has allowed to stop`,
        tags: (tx) => foundRunning(tx, machineId, by.by),
      };
}

/** Failures of a controller after which the machine may be on its way. */
const mayHaveDone: ReadonlySet<ControllerErrorCode> = new Set(["unreachable", "busy", "answer_invalid", "not_done"]);

/** Whether a machine may be on its way after switching it on has failed: its boot window stays open for its agent. */
function mayBeOn(error: unknown): boolean {
  return error instanceof ControllerError
    ? mayHaveDone.has(error.code)
    : error instanceof ProviderError && error.code === "unavailable";
}

/** The power of a machine on its way. It goes on whether its controller answers or not. */
async function powerSeen(by: MachineSwitch, signal: AbortSignal): Promise<ControllerPower> {
  return by.get(signal).catch((error: unknown) => {
    if (error instanceof ControllerError || error instanceof ProviderError) {
      return "unknown";
    }
    throw error;
  });
}

/**
 * Starts the machine unless it is already booting. Resolves to the id of the boot window, or to the reason why the
 * machine is left alone.
 */
async function begin(
  database: Database,
  by: MachineSwitch,
  { way, start }: BootStart,
): Promise<{ windowId: string } | AgentStarted> {
  const { work, session, signal, allowed } = start;
  const { machineId } = work;
  const decided = agentStartBegin({
    window: await bootWindowOf(database, machineId),
    power: await by.get(signal),
    component: session.component,
    allowed,
  });
  switch (decided.begin) {
    case "join":
      return { windowId: decided.windowId };
    case "leave":
      return { end: "left", foundBy: by.by };
    case "fail":
      return { end: "failed", cause: decided.cause };
    case "power-cycle": {
      // An earlier start's agent may have enrolled since the machine was claimed. From here on none can, until the window
      // of this start is open.
      const needed = await transact(database, session, async (tx) => {
        await bootWindowClose(tx, { machineId, actor: { kind: "component", name: session.component } });
        return !(await agentIsBound(tx, machineId));
      });
      if (!needed) {
        return { end: "agent" };
      }
      // Without permission, the machine was off. If an operator has just switched it on, it must not be switched off.
      if (allowed) {
        await start.step("it is switched off");
        await by.set("off", signal);
      }
      await overrideFree(database, start);
      const prepared = await way.prepare(signal);
      // Runs under the session, so that no window is opened once another session holds the work.
      const windowId = await transact(database, session, async (tx) => {
        // A look may have found it running after this start was claimed, and its owner may have switched it off since.
        if (!allowed && (await isFoundRunning(tx, machineId))) {
          return undefined;
        }
        const opened = await bootWindowOpen(tx, machineId, {
          actor: { kind: "component", name: session.component },
          seconds: start.bootSeconds,
          ...defined({ medium: prepared.medium }),
        });
        // A machine without power writes nothing, so the new agent need not wait for the previous run's silence.
        await writerPowerOff(tx, machineId, 0);
        if (by.leavesOverride) {
          await bootOverrideSet(tx, machineId, prepared.medium?.way);
        }
        return opened.windowId;
      });
      if (windowId === undefined) {
        return { end: "left", foundBy: by.by };
      }
      await start.step(`it is switched on to boot from ${way.from}`);
      try {
        await prepared.on(signal);
      } catch (error) {
        if (!mayBeOn(error) && !signal.aborted) {
          const actor = { kind: "component", name: session.component } as const;
          await bootWindowClose(database, { machineId, windowId, actor });
        }
        throw error;
      }
      return { windowId };
    }
  }
}

/** Waits until no shepherd removes an earlier override: it would remove the override of this start. */
async function overrideFree(database: Database, { work, clock, signal }: AgentStart): Promise<void> {
  while (await bootOverrideClearing(database, work.machineId)) {
    await clock.sleep(500, signal);
  }
}
