import type { BootWindowState } from "../database/queries/boot/boot-window-state.ts";
import type { ControllerPower } from "../controllers/controller.ts";

/** What was observed of a machine that is being started. */
export interface AgentStartSeen {
  window: BootWindowState;
  power: ControllerPower;
  /** Seconds since the machine was switched on. */
  seconds: number;
  /** From where it boots, such as "the network". */
  from: string;
  /** The reason why no agent came, if the window has expired. */
  notCome?: string;
}

/** The next step of agent start. */
export type AgentStartNext =
  | { next: "wait" }
  /** The machine's agent has enrolled. */
  | { next: "finish" }
  | { next: "fail"; cause: string };

/** Seconds after which a machine without power counts as off: a switch may need a moment. */
const settled = 2;

/**
 * The next step for a machine that was switched on to boot its agent: wait until its agent enrolled, or until
 * success is no longer possible. The cause says how far it came. Pure.
 */
export function agentStartNext({ window, power, seconds, from, notCome }: AgentStartSeen): AgentStartNext {
  switch (window) {
    case "enrolled":
      return { next: "finish" };
    case "closed":
      return { next: "fail", cause: "its boot window was closed or another was opened before an agent enrolled" };
    case "expired":
      return {
        next: "fail",
        cause: `no agent enrolled within ${Math.round(seconds)} s after it was switched on to boot from ${from}: ${notCome ?? "look at its console"}`,
      };
    case "open":
    case "given":
      return power === "off" && seconds > settled
        ? {
            next: "fail",
            cause: `it went off while ${window === "open" ? `it booted from ${from}` : "its agent was starting"}: it has no power, or was switched off`,
          }
        : { next: "wait" };
  }
}

/** What is known of a machine before a start. */
export interface AgentStartBefore {
  /** The newest boot window. */
  window: { windowId: string; openedBy: string; state: BootWindowState } | undefined;
  power: ControllerPower;
  /** The component name of shepherds, which marks the boot windows that they opened. */
  component: string;
  /** Whether the machine may be switched off, whatever runs on it. */
  allowed: boolean;
}

/** The first step of a start. */
export type AgentStartBegin =
  /** Join a start: another shepherd switched the machine on and was lost, and its boot window is still open. */
  | { begin: "join"; windowId: string }
  /** Start from power off. */
  | { begin: "power-cycle" }
  /** Leave the machine alone: what runs on it may not be stopped. */
  | { begin: "leave"; cause: string }
  /** Whether it runs can't be told, so it can't be started either. */
  | { begin: "fail"; cause: string };

/**
 * Decides how a start begins. A start switches off, opens the boot window and switches on: a machine with power and an
 * open window of a shepherd is already booting, so the start is joined, because starting over would only cost it a
 * boot. A machine with power that no operator has allowed to stop is left alone. Pure.
 */
export function agentStartBegin({ window, power, component, allowed }: AgentStartBefore): AgentStartBegin {
  const onItsWay =
    window !== undefined &&
    window.openedBy === component &&
    (window.state === "open" || window.state === "given") &&
    power !== "off";
  if (onItsWay) {
    return { begin: "join", windowId: window.windowId };
  }
  if (allowed || power === "off") {
    return { begin: "power-cycle" };
  }
  const nobody = "nobody has allowed to stop what runs on it: `farrier machine start-agent --help` says how";
  return power === "unknown"
    ? { begin: "fail", cause: `its power can't be told, and ${nobody}` }
    : { begin: "leave", cause: `its power is ${power}, and ${nobody}` };
}
