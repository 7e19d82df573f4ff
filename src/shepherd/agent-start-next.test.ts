import { expect, test } from "vitest";
import type { BootWindowState } from "../database/queries/boot/boot-window-state.ts";
import { agentStartBegin, agentStartNext } from "./agent-start-next.ts";
import { networkNotCome } from "./means/boot-way.ts";
import { httpNotCome } from "./means/http-way.ts";
import { mediumNotCome } from "./means/medium-way.ts";
import type { PowerState } from "./provider.ts";

test.each<[window: BootWindowState, power: PowerState, seconds: number, next: string, cause: RegExp | undefined]>([
  ["open", "on", 5, "wait", undefined],
  ["open", "off", 1, "wait", undefined],
  ["open", "off", 3, "fail", /went off while it booted from the network/u],
  ["given", "on", 5, "wait", undefined],
  ["given", "off", 50, "fail", /went off while its agent was starting/u],
  ["enrolled", "on", 5, "finish", undefined],
  // Its power does not matter: the agent has enrolled.
  ["enrolled", "off", 5, "finish", undefined],
  ["closed", "on", 5, "fail", /boot window was closed/u],
  ["expired", "on", 600, "fail", /no agent enrolled within 600 s .* boot network/u],
  ["expired", "off", 600, "fail", /no agent enrolled/u],
])("a window that is %s, power %s for %d s: %s", (window, power, seconds, next, cause) => {
  const notCome = "look at its boot network";
  const decided = agentStartNext({ window, power, seconds, from: "the network", notCome });
  expect(decided.next).toBe(next);
  expect(decided.next === "fail" ? decided.cause : undefined).toEqual(
    cause === undefined ? undefined : expect.stringMatching(cause),
  );
});

test.each([
  [undefined, /is it wired to the boot network/u],
  [
    0,
    /told to start the agent, and never fetched kernel and initramfs whole: has it too little memory \(the agent needs 1024 MiB/u,
  ],
  [3, /fetched kernel and initramfs 3 times: look at its console; has it too little memory/u],
])("X14: a machine that fetched its boot image %s times", (loaded, cause) => {
  expect(networkNotCome(loaded)).toMatch(cause);
});

test.each([
  [undefined, /never fetched the medium: does the controller reach/u],
  [{}, /never fetched the medium/u],
  [{ refusedFetcher: "10.0.0.9" }, /requested from 10\.0\.0\.9, which is not its controller's address/u],
  [{ fetched: true, refusedFetcher: "10.0.0.9" }, /fetched the medium: look at its console/u],
])("a medium that came so far: %j", (progress, cause) => {
  expect(mediumNotCome(progress && { way: "medium", fetchers: ["10.0.0.8"], fetched: false, ...progress })).toMatch(
    cause,
  );
});

test.each([
  [undefined, /never fetched its URL: look at its console; is HTTP boot switched on/u],
  [{ fetched: false, fetchers: [] }, /never fetched its URL/u],
  [{ fetched: true, fetchers: ["10.0.0.8"] }, /10\.0\.0\.8 has fetched its URL: look at its console/u],
  [
    { fetched: true, fetchers: ["10.0.0.8"], refusedFetcher: "10.0.0.9" },
    /fetched from 10\.0\.0\.8, and then requested from 10\.0\.0\.9, which was refused/u,
  ],
])("an HTTP boot that came so far: %j", (progress, cause) => {
  expect(httpNotCome(progress && { way: "http", ...progress })).toMatch(cause);
});

const windowOf = (state: BootWindowState, openedBy = "shepherd") => ({ windowId: "w", openedBy, state });

test.each([
  ["no window", undefined, "on", "power-cycle"],
  ["a shepherd's, and power", windowOf("open"), "on", "join"],
  ["one whose token was given out", windowOf("given"), "on", "join"],
  ["one of a machine that is off", windowOf("open"), "off", "power-cycle"],
  ["an operator's", windowOf("open", "anna"), "on", "power-cycle"],
  ["a used window", windowOf("enrolled"), "on", "power-cycle"],
  ["an expired window", windowOf("expired"), "on", "power-cycle"],
  ["a closed one", windowOf("closed"), "on", "power-cycle"],
] as const)("begin with %s", (_what, window, power, begin) => {
  expect(agentStartBegin({ window, power, component: "shepherd", allowed: true }).begin).toBe(begin);
});

test.each([
  ["on", "leave"],
  ["powering-on", "leave"],
  ["powering-off", "leave"],
  ["unknown", "fail"],
  ["off", "power-cycle"],
] as const)("a machine that nobody allowed to stop, with power %s: %s", (power, begin) => {
  expect(agentStartBegin({ window: undefined, power, component: "shepherd", allowed: false }).begin).toBe(begin);
});
