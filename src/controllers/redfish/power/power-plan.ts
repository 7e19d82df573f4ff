import type { ControllerPower, PowerCommand } from "../../controller.ts";

/** What shows that a step is done. */
export type PowerGoal =
  | "on"
  | "off"
  /** It was seen off, or its time of the last reset changed, or it stays on. */
  | "restarted"
  /** The controller's answer is all there is to see. */
  | "accepted";

/** One reset to send. */
export interface PowerStep {
  /** Redfish's ResetTypes, the best first; all of them are allowed by the controller, as far as it says. */
  types: readonly [string, ...string[]];
  goal: PowerGoal;
}

/** How a command is carried out. */
export type PowerPlan =
  | { kind: "done" }
  | { kind: "impossible"; why: string }
  /** Each step waits for its goal. */
  | { kind: "steps"; steps: readonly PowerStep[] }
  /** It is on its way there already. */
  | { kind: "wait"; goal: "on" | "off" };

/** What is known of the machine and its controller. */
export interface PowerSituation {
  state: ControllerPower;
  /** ResetTypes that it allows; undefined = it does not say (row 3). */
  allowed: readonly string[] | undefined;
  /** A rule of its maker: restarts hang (row 8). */
  restartByOff: boolean;
}

const on: Wish = { types: ["On", "ForceOn", "PushPowerButton"], goal: "on" };
const off: Wish = { types: ["ForceOff"], goal: "off" };

interface Wish {
  types: readonly string[];
  goal: PowerGoal;
}

/** Ways of each command, the best first; the last resort is off, wait for off, on (row 4). */
const ways: Readonly<Record<PowerCommand, readonly (readonly Wish[])[]>> = {
  on: [[on]],
  off: [[off]],
  "soft-off": [[{ types: ["GracefulShutdown", "PushPowerButton"], goal: "off" }]],
  cycle: [[{ types: ["PowerCycle"], goal: "restarted" }], [off, on]],
  reset: [[{ types: ["ForceRestart", "PowerCycle"], goal: "restarted" }], [off, on]],
  nmi: [[{ types: ["Nmi"], goal: "accepted" }]],
};

/** What to do for a command. On a machine without power, `cycle` and `reset` switch it on. Pure. */
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

/** The commands that a controller with these ResetTypes can carry out. Pure. */
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

/** The wish with the types that are allowed. */
function stepOf({ types, goal }: Wish, allowed: readonly string[] | undefined): PowerStep | undefined {
  const [first, ...others] = types.filter((type) => allowed?.includes(type) ?? true);
  return first === undefined ? undefined : { types: [first, ...others], goal };
}
