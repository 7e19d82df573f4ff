import { describeError } from "../../lib/errors.ts";
import { type SimulatedAnswer, errorAnswer } from "./answer.ts";
import type { SimulatedState } from "./state.ts";

const actions: Readonly<Record<string, "on" | "off" | "soft-off" | "reset" | "nmi">> = {
  On: "on",
  ForceOn: "on",
  ForceOff: "off",
  GracefulShutdown: "soft-off",
  ForceRestart: "reset",
  GracefulRestart: "reset",
  PowerCycle: "reset",
  Nmi: "nmi",
};

/** Carries out a reset. @param power the machine's power as the controller shows it */
export async function resetAnswer(
  state: SimulatedState,
  type: unknown,
  power: string,
  now: Date,
): Promise<SimulatedAnswer> {
  const { shape, machine } = state;
  if (typeof type !== "string" || !shape.resetTypes.includes(type)) {
    return errorAnswer(
      400,
      "ActionParameterNotSupported",
      `The parameter ResetType has the value ${String(type)}, which is not supported.`,
    );
  }
  const action = type === "PushPowerButton" ? (power === "Off" ? "on" : "soft-off") : actions[type];
  if ((action === "on" && power === "On") || ((action === "off" || action === "soft-off") && power === "Off")) {
    // Row 5.
    return errorAnswer(409, "NoOperation", `The system is already powered ${power === "On" ? "on" : "off"}.`);
  }
  if (action === undefined || (power === "Off" && action !== "on")) {
    return errorAnswer(400, "InvalidOperationForSystemState", "The operation is not possible while the system is off.");
  }
  if (action === "on" || action === "reset") {
    state.lastReset = now;
    if (shape.bootQuirks.includes("forgets")) {
      state.boot = { ...state.boot, enabled: "Disabled", target: "None" };
    }
    const own = state.boot.enabled === "Disabled" || state.boot.target === "None";
    await machine.bootFrom?.(own ? undefined : state.boot.target, state.boot.url);
    if (state.boot.enabled === "Once") {
      state.boot = { ...state.boot, enabled: "Disabled", target: "None" };
    }
  }
  try {
    await machine.powerSet(action);
  } catch (error) {
    return errorAnswer(400, "OperationFailed", `The machine was not switched: ${describeError(error)}`);
  }
  return { status: 204 };
}
