// UEFI HTTP boot by its URL. Numbers are the rows of docs/redfish.md.
import { expect, test } from "vitest";
import type { BootQuirk, MakerShape } from "../../simulated/shape.ts";
import { hpeShape } from "../../simulated/shapes/hpe.ts";
import { openbmcShape } from "../../simulated/shapes/openbmc.ts";
import { simulatedSubject } from "../../testing/simulated-subject.ts";

const live = new AbortController().signal;
const secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I";
const url = `http://198.51.100.1:8081/media/${secret}/agent.iso`;
const ours = (one: string): boolean => one.includes("/media/");

test.each<[string, Partial<MakerShape>]>([
  ["row 16: its URL goes with the override", {}],
  ["row 9: all values at once", { bootQuirks: ["whole"] }],
  ["row 10: what is unchanged is refused", { bootQuirks: ["unchanged-refused"] }],
  ["row 13: in the settings object", { settings: "Settings" }],
  ["row 16: HTTP boot needs UEFI", { bootMode: "Legacy" }],
  ["a URL that is removed by an empty text", { bootQuirks: ["url-not-null"] }],
])("%s", async (_name, shape) => {
  await using subject = await simulatedSubject(shape);
  const { controller, machine, simulated } = subject;
  expect(await controller.read(live)).toMatchObject({ httpBoot: true, bootTargets: expect.arrayContaining(["http"]) });
  await controller.httpBootSet(url, live);
  expect(simulated.state.boot).toMatchObject({ target: "UefiHttp", enabled: "Once", mode: "UEFI", url });
  await controller.powerSet("on", live);
  expect([machine.boots, machine.httpBootUrl]).toEqual([["UefiHttp"], url]);
  await controller.bootClear(live);
  await controller.httpBootClear(ours, live);
  expect(simulated.state.boot.url).toBeUndefined();
  // A next one is another.
  const next = url.replace(secret, secret.toUpperCase());
  await controller.httpBootSet(next, live);
  expect(simulated.state.boot.url).toBe(next);
});

test("another's URL is left, and replaced by the next boot's own", async () => {
  await using subject = await simulatedSubject();
  subject.simulated.state.boot.url = "http://203.0.113.5/own.iso";
  await subject.controller.httpBootClear(ours, live);
  expect(subject.simulated.state.boot.url).toBe("http://203.0.113.5/own.iso");
  await subject.controller.httpBootSet(url, live);
  expect(subject.simulated.state.boot.url).toBe(url);
});

test("the same target with another URL is sent again", async () => {
  await using subject = await simulatedSubject();
  subject.simulated.state.boot = {
    enabled: "Once",
    target: "UefiHttp",
    mode: "UEFI",
    url: "http://203.0.113.5/own.iso",
  };
  await subject.controller.httpBootSet(url, live);
  expect(subject.simulated.state.boot.url).toBe(url);
});

test("a URL that stays is no failure once the override is gone", async () => {
  const quirks: BootQuirk[] = ["url-stays"];
  await using subject = await simulatedSubject(
    { bootQuirks: quirks },
    {},
    { setting: { first: 1, most: 1, total: 3 } },
  );
  await subject.controller.httpBootSet(url, live);
  await subject.controller.bootClear(live);
  await subject.controller.httpBootClear(ours, live);
  expect(subject.simulated.state.boot).toMatchObject({ enabled: "Disabled", url });
});

test.each([
  ["row 16: no HTTP boot", openbmcShape],
  ["row 17: no place for a URL", hpeShape],
])("%s is unsupported", async (_name, shape) => {
  await using subject = await simulatedSubject(shape);
  expect((await subject.controller.read(live)).httpBoot).toBe(false);
  await expect(subject.controller.httpBootSet(url, live)).rejects.toMatchObject({ code: "unsupported" });
  await subject.controller.httpBootClear(ours, live);
  expect(subject.simulated.calls.some(({ method }) => method === "PATCH")).toBe(false);
});

test("a refusal that repeats the path is shown without it", async () => {
  await using subject = await simulatedSubject();
  const message = `The URI ${url} can't be read.`;
  subject.simulated.faults.push({ method: "PATCH", times: 9, does: { status: 400, id: "Failed", message } });
  const failed = await subject.controller.httpBootSet(url, live).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: "refused", message: expect.stringContaining("can't be read") });
  expect(String((failed as Error).stack)).not.toContain(secret);
});
