import { errorAnswer, type SimulatedAnswer } from "./answer.ts";
import type { SimulatedState } from "./state.ts";

/** Changes the boot override, with the peculiarities of the maker's shape. */
export function bootPatch(state: SimulatedState, wish: Readonly<Record<string, unknown>>): SimulatedAnswer {
  const { shape, boot } = state;
  const text = (name: string): string | undefined => (typeof wish[name] === "string" ? wish[name] : undefined);
  const enabled = text("BootSourceOverrideEnabled");
  const target = text("BootSourceOverrideTarget");
  const mode = text("BootSourceOverrideMode");
  const refuse = (name: string, value: string | undefined): SimulatedAnswer =>
    errorAnswer(400, "PropertyValueNotInList", `The value ${value} for the property ${name} is not in the list.`);
  const url = wish["HttpBootUri"];
  if (url !== undefined && !shape.httpBoot) {
    return errorAnswer(400, "PropertyUnknown", "The property HttpBootUri is not known.");
  }
  if ((url === null && shape.bootQuirks.includes("url-not-null")) || (typeof url === "string" && !isBootUrl(url))) {
    return refuse("HttpBootUri", String(url));
  }
  if (target !== undefined && !shape.bootTargets.includes(target)) {
    return refuse("BootSourceOverrideTarget", target);
  }
  if (enabled !== undefined && shape.bootEnabled?.includes(enabled) === false) {
    return refuse("BootSourceOverrideEnabled", enabled);
  }
  if (mode !== undefined && boot.mode === undefined) {
    return errorAnswer(400, "PropertyUnknown", "The property BootSourceOverrideMode is not known.");
  }
  if (shape.bootQuirks.includes("no-disabled-none") && enabled === "Disabled" && target === "None") {
    return refuse("BootSourceOverrideTarget", target);
  }
  if (shape.bootQuirks.includes("unchanged-refused") && enabled === boot.enabled) {
    return refuse("BootSourceOverrideEnabled", enabled);
  }
  if (state.postState === "InPost") {
    return errorAnswer(400, "UnableToModifyDuringSystemPOST", "The change is not possible during the self test.");
  }
  const off = enabled === "Disabled";
  if (off && shape.bootQuirks.includes("off-ignored")) {
    return { status: 200, body: {} };
  }
  const whole = shape.bootQuirks.includes("whole");
  const flips = shape.bootQuirks.includes("mode-flips") && mode === undefined;
  state.boot = {
    enabled: enabled ?? (whole ? "Once" : boot.enabled),
    target: target ?? boot.target,
    mode: mode ?? (whole || flips ? "Legacy" : boot.mode),
    url: urlAfter(state, url),
  };
  if (state.boot.enabled === "Once" && shape.bootQuirks.includes("once-stays")) {
    state.boot.enabled = "Continuous";
  }
  if (off && boot.enabled !== "Disabled" && shape.bootQuirks.includes("off-flips")) {
    state.boot.mode = "Legacy";
  }
  if (boot.mode === undefined) {
    state.boot.mode = undefined;
  }
  return { status: shape.maker === "openbmc" ? 204 : 200, body: shape.maker === "openbmc" ? undefined : {} };
}

const isBootUrl = (text: string): boolean => text === "" || /^https?:$/u.test(URL.parse(text)?.protocol ?? "");

function urlAfter({ shape, boot }: SimulatedState, wish: unknown): string | undefined {
  if (wish === null || wish === "") {
    return shape.bootQuirks.includes("url-stays") ? boot.url : undefined;
  }
  return typeof wish === "string" ? wish : boot.url;
}
