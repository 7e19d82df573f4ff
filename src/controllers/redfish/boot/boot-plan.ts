import type { BootTarget } from "../../controller.ts";
import type { MakerRules } from "../rules/maker-rules.ts";
import type { BootState } from "./boot-resource.ts";
import { defined } from "../../../lib/defined.ts";

/** The boot override to set. */
export interface BootWish {
  /** The target's name in Redfish. */
  target: string;
  enabled: "Once" | "Continuous";
  /** The boot mode; undefined = leave it unchanged. */
  mode: string | undefined;
  /** The URL of an HTTP boot; absent = the URL that is set, if any, stays. */
  url?: string;
}

/** Redfish's names of a target, the best first (row 15). Pure. */
export function targetNames(target: BootTarget, rules: Pick<MakerRules, "mediaTargets">): readonly string[] {
  return target === "media" ? rules.mediaTargets : [names[target]];
}

const names: Readonly<Record<Exclude<BootTarget, "media">, string>> = {
  network: "Pxe",
  disk: "Hdd",
  http: "UefiHttp",
  setup: "BiosSetup",
};

/** Assumed targets of a controller that does not list its targets: every version of Redfish has these. */
const usual = ["Pxe", "Hdd", "Cd", "BiosSetup"];

/** The controller's name of a target; undefined = it does not have this target. Pure. */
export function targetOf(target: BootTarget, state: Pick<BootState, "targets">, rules: MakerRules): string | undefined {
  const allowed = state.targets ?? usual;
  return targetNames(target, rules).find((name) => allowed.includes(name));
}

/** The `Boot` object to send for `wish`; undefined = nothing has to change. Pure. */
export function bootBody(
  wish: BootWish,
  state: BootState,
  rules: MakerRules,
): Readonly<Record<string, string>> | undefined {
  const mode = wish.mode ?? state.mode;
  const same = { enabled: state.enabled === wish.enabled, mode: state.mode === mode };
  if (same.enabled && same.mode && state.target === wish.target && hasUrl(wish, state)) {
    return undefined;
  }
  return {
    // Some controllers refuse an unchanged value (row 10); others reset a value that is left out (row 9).
    ...(same.enabled && !rules.bootWhole ? {} : { BootSourceOverrideEnabled: wish.enabled }),
    BootSourceOverrideTarget: wish.target,
    ...(mode === undefined || (same.mode && !rules.bootWhole) ? {} : { BootSourceOverrideMode: mode }),
    ...defined({ HttpBootUri: wish.url }),
  };
}

/** Whether the URL of an HTTP boot is as wished. Pure. */
function hasUrl(wish: BootWish, state: BootState): boolean {
  return wish.url === undefined || state.url === wish.url;
}

/**
 * The `Boot` object that removes an override; undefined = there is none. Pure.
 * @param keepTarget leave the target unchanged, because some controllers refuse `None` (row 12)
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
    // Some controllers refuse the change without the mode (row 12).
    ...defined({ BootSourceOverrideMode: state.mode }),
  };
}

/** True if no override is in force. Pure. */
export function isOff(state: Pick<BootState, "enabled" | "target">): boolean {
  return state.enabled === "Disabled" || state.target === undefined || state.target === "None";
}

/**
 * Whether the controller shows the requested setting. `Continuous` is accepted for `Once`, because some controllers
 * always report it. Pure.
 */
export function isAsWished(wish: BootWish, state: BootState): boolean {
  return (
    state.target === wish.target &&
    (state.enabled === wish.enabled || (wish.enabled === "Once" && state.enabled === "Continuous")) &&
    (wish.mode === undefined || state.mode === wish.mode) &&
    hasUrl(wish, state)
  );
}
