import type { ControllerPower, PowerCommand } from "../../controller.ts";

/** The observation that shows that a step is done. */
export type PowerGoal =
  | "on"
  | "off"
  /** The machine was seen off, its LastResetTime changed, or it stays on. */
  | "restarted"
  /** Nothing can be observed besides the controller's answer. */
  | "accepted";

/** One reset command to send. */
export interface PowerStep {
  /** Redfish's ResetTypes, the best first. The controller allows all of them, if it lists what it allows. */
  types: readonly [string, ...string[]];
  goal: PowerGoal;
}

/** How a command is carried out. */
export type PowerPlan =
  | { kind: "done" }
  | { kind: "impossible"; why: string }
  /** Reset commands, in order. Each step must reach its goal before the next one. */
  | { kind: "steps"; steps: readonly PowerStep[] }
  /** The machine is already changing to this state. */
  | { kind: "wait"; goal: "on" | "off" };

/** The machine's power and the controller's abilities. */
export interface PowerSituation {
  state: ControllerPower;
  /** The allowed ResetTypes; undefined = the controller does not list them (row 3). */
  allowed: readonly string[] | undefined;
  /** The maker's rule for machines that hang on a restart (row 8). */
  restartByOff: boolean;
}

const on: Wish = { types: ["On", "ForceOn", "PushPowerButton"], goal: "on" };
const off: Wish = { types: ["ForceOff"], goal: "off" };

interface Wish {
  types: readonly string[];
  goal: PowerGoal;
}

/**
 * The ways to carry out each command, the best first. The last resort is to switch off, wait, and switch on (row 4).
 */
const ways: Readonly<Record<PowerCommand, readonly (readonly Wish[])[]>> = {
  on: [[on]],
  off: [[off]],
  "soft-off": [[{ types: ["GracefulShutdown", "PushPowerButton"], goal: "off" }]],
  cycle: [[{ types: ["PowerCycle"], goal: "restarted" }], [off, on]],
  reset: [[{ types: ["ForceRestart", "PowerCycle"], goal: "restarted" }], [off, on]],
  nmi: [[{ types: ["Nmi"], goal: "accepted" }]],
};

/** Decides how to carry out a command. If the machine is off, `cycle` and `reset` switch it on. Pure. */
export function powerPlan(command: PowerCommand, situation: PowerSituation): PowerPlan {
  const { state, allowed, restartByOff } = situation;
  if (command === "on") {
    if (state === "on" || state === "powering-on") {
      return state === "on" ? { kind: "done" } : { kind: "wait", goal: "on" };
    }
  } else if (state === "off") {
    if (command === "off" || command === "soft-off") {
      return { kind: "done" };
    }
    if (command === "nmi") {
      return { kind: "impossible", why: "the machine has no power, so it takes no NMI" };
    }
    return stepsOf([[on]], allowed);
  }
  if (command === "soft-off" && state === "powering-off") {
    return { kind: "wait", goal: "off" };
  }
  const all = ways[command];
  return stepsOf(restartByOff && all.length > 1 ? all.slice(-1) : all, allowed);
}

/** The commands that a controller with these ResetTypes supports. Pure. */
export function powerCommandsOf(
  allowed: readonly string[] | undefined,
  commands: readonly PowerCommand[],
): PowerCommand[] {
  return commands.filter((command) => stepsOf(ways[command], allowed).kind === "steps");
}

function stepsOf(all: readonly (readonly Wish[])[], allowed: readonly string[] | undefined): PowerPlan {
  for (const way of all) {
    const steps = way.flatMap((wish) => stepOf(wish, allowed) ?? []);
    if (steps.length === way.length) {
      return { kind: "steps", steps };
    }
  }
  const wanted = [...new Set(all.flat().flatMap(({ types }) => types))].join(", ");
  return {
    kind: "impossible",
    why: `the controller allows none of ${wanted}, only ${allowed?.join(", ") || "nothing"}`,
  };
}

/** The step with the allowed types only; undefined = none is allowed. */
function stepOf({ types, goal }: Wish, allowed: readonly string[] | undefined): PowerStep | undefined {
  const [first, ...others] = types.filter((type) => allowed?.includes(type) ?? true);
  return first === undefined ? undefined : { types: [first, ...others], goal };
}
