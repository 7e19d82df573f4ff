import type { BootWindowState } from "../database/queries/boot/boot-window-state.ts";
import type { PowerState } from "./provider.ts";

/** What is seen of a machine that is being started. */
export interface AgentStartSeen {
  window: BootWindowState;
  power: PowerState;
  /** Seconds since it was switched on. */
  seconds: number;
  /** How often it fetched the boot image whole since its last agent; absent = it was not seen booting from the network. */
  loaded?: number;
}

/** What agent start does next. */
export type AgentStartNext =
  | { next: "wait" }
  /** The machine's agent has enrolled. */
  | { next: "finish" }
  | { next: "fail"; cause: string };

/** Seconds after which a machine that is off counts as off: a switch may need a moment. */
const settled = 2;

/**
 * What to do about a machine that was switched on into the network: wait, until its agent enrolled, or nothing more can be
 * hoped for. The cause says how far it came. Pure.
 */
export function agentStartNext({ window, power, seconds, loaded }: AgentStartSeen): AgentStartNext {
  switch (window) {
    case "enrolled":
      return { next: "finish" };
    case "closed":
      return { next: "fail", cause: "its boot window was closed or another was opened before an agent enrolled" };
    case "expired":
      return {
        next: "fail",
        cause: `no agent enrolled within ${Math.round(seconds)} s after it was switched on into the network: ${notEnrolled(loaded)}`,
      };
    case "open":
    case "given":
      return power === "off" && seconds > settled
        ? {
            next: "fail",
            cause: `it went off while ${window === "open" ? "it booted from the network" : "its agent was starting"}: it has no power, or was switched off`,
          }
        : { next: "wait" };
  }
}

/** Why no agent came, by how often the boot image was fetched. */
function notEnrolled(loaded: number | undefined): string {
  if (loaded === undefined) {
    return "look at its console; is it wired to the boot network, and does that reach `farrier netboot`";
  }
  return loaded === 0
    ? "it was told to start the agent, and never fetched kernel and initramfs whole: has it too little memory (lab machines have 2048 MiB by default), or does its connection break off"
    : `it fetched kernel and initramfs ${loaded === 1 ? "once" : `${loaded} times`}: look at its console; has it too little memory (lab machines have 2048 MiB by default), and does it reach the agent port`;
}

/** What a start begins with. */
export type AgentStartBegin =
  /** Another shepherd switched it on and was lost: its window is still open. */
  | { begin: "join"; windowId: string }
  /** From power off. */
  | { begin: "power-cycle" };

/**
 * Whether a machine is on its way already, by a window that a shepherd opened. The order of a start is off, window, on: with an
 * open window and power it is on its way, and starting over would only cost it a boot. Pure.
 */
export function agentStartBegin(
  window: { windowId: string; openedBy: string; state: BootWindowState } | undefined,
  power: PowerState,
  component: string,
): AgentStartBegin {
  const onItsWay =
    window !== undefined &&
    window.openedBy === component &&
    (window.state === "open" || window.state === "given") &&
    power === "on";
  return onItsWay ? { begin: "join", windowId: window.windowId } : { begin: "power-cycle" };
}
