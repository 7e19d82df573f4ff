import type { BootTarget } from "../../controller.ts";
import type { MakerRules } from "../rules/maker-rules.ts";
import type { BootState } from "./boot-resource.ts";
import { defined } from "../../../lib/defined.ts";

/** What is wished for. */
export interface BootWish {
  /** In Redfish's words. */
  target: string;
  enabled: "Once" | "Continuous";
  /** undefined = as it is. */
  mode: string | undefined;
}

/** Redfish's names of the targets, the best first (row 15). Pure. */
export function targetNames(target: BootTarget, rules: Pick<MakerRules, "mediaTargets">): readonly string[] {
  return target === "media" ? rules.mediaTargets : [names[target]];
}

const names: Readonly<Record<Exclude<BootTarget, "media">, string>> = {
  network: "Pxe",
  disk: "Hdd",
  http: "UefiHttp",
  setup: "BiosSetup",
};

/** Targets of a controller that does not say which it has: those that every one had from the beginning. */
const usual = ["Pxe", "Hdd", "Cd", "BiosSetup"];

/** The controller's name of a target; undefined = it has no such one. Pure. */
export function targetOf(target: BootTarget, state: Pick<BootState, "targets">, rules: MakerRules): string | undefined {
  const allowed = state.targets ?? usual;
  return targetNames(target, rules).find((name) => allowed.includes(name));
}

/** The `Boot` to send for a wish; undefined = it is so already. Pure. */
export function bootBody(
  wish: BootWish,
  state: BootState,
  rules: MakerRules,
): Readonly<Record<string, string>> | undefined {
  const mode = wish.mode ?? state.mode;
  const same = { enabled: state.enabled === wish.enabled, mode: state.mode === mode };
  if (same.enabled && same.mode && state.target === wish.target) {
    return undefined;
  }
  return {
    // Repeating an unchanged value is refused by some (row 10), leaving it out resets it with others (row 9).
    ...(same.enabled && !rules.bootWhole ? {} : { BootSourceOverrideEnabled: wish.enabled }),
    BootSourceOverrideTarget: wish.target,
    ...(mode === undefined || (same.mode && !rules.bootWhole) ? {} : { BootSourceOverrideMode: mode }),
  };
}

/**
 * The `Boot` to send to take an override away; undefined = there is none. Pure.
 * @param keepTarget the target stays as it is, for `None` is refused by some (row 12)
 */
export function bootOffBody(
  state: BootState,
  { keepTarget }: { keepTarget: boolean },
): Readonly<Record<string, string>> | undefined {
  if (isOff(state)) {
    return undefined;
  }
  return {
    BootSourceOverrideEnabled: "Disabled",
    ...(keepTarget ? {} : { BootSourceOverrideTarget: "None" }),
    // Some refuse it without (row 12).
    ...defined({ BootSourceOverrideMode: state.mode }),
  };
}

/** True where no override is in force. Pure. */
export function isOff(state: Pick<BootState, "enabled" | "target">): boolean {
  return state.enabled === "Disabled" || state.target === undefined || state.target === "None";
}

/** Whether the controller shows the requested setting. A controller that always reports Continuous is believed. Pure. */
export function isAsWished(wish: BootWish, state: BootState): boolean {
  return (
    state.target === wish.target &&
    (state.enabled === wish.enabled || (wish.enabled === "Once" && state.enabled === "Continuous")) &&
    (wish.mode === undefined || state.mode === wish.mode)
  );
}
