// Boot overrides are removed from controllers that forget, keep or change them.
import { expect, test } from "vitest";
import type { BootQuirk } from "../../simulated/shape.ts";
import { simulatedSubject } from "../../testing/simulated-subject.ts";

const live = new AbortController().signal;

test.each<[quirks: BootQuirk[], enabled: string, target: string]>([
  [[], "Disabled", "None"],
  [["once-stays"], "Disabled", "None"],
  [["whole"], "Disabled", "None"],
  [["mode-flips"], "Disabled", "None"],
  [["off-flips"], "Disabled", "None"],
  [["no-disabled-none", "unchanged-refused"], "Disabled", "Pxe"],
  // It can't be removed: the disk is set in its place.
  [["off-ignored"], "Continuous", "Hdd"],
  [["off-ignored", "once-stays"], "Continuous", "Hdd"],
])(
  "a controller with the peculiarities %j: afterwards the disk is first, in the same mode",
  async (quirks, enabled, target) => {
    await using subject = await simulatedSubject({ bootQuirks: quirks });
    await subject.controller.bootSet("network", { once: true, signal: live });
    expect(subject.simulated.state.boot.target).toBe("Pxe");
    await subject.controller.bootClear(live);
    expect(subject.simulated.state.boot).toEqual({ enabled, target, mode: "UEFI" });
    await subject.controller.powerSet("on", live);
    expect(subject.machine.boots).toEqual([enabled === "Disabled" ? undefined : "Hdd"]);
  },
);

test("an override that is the disk stays, and none is left as it is", async () => {
  await using subject = await simulatedSubject();
  await subject.controller.bootSet("disk", { once: false, signal: live });
  await subject.controller.bootClear(live);
  expect(subject.simulated.state.boot).toMatchObject({ enabled: "Continuous", target: "Hdd" });
  subject.simulated.state.boot = { enabled: "Disabled", target: "None", mode: "UEFI" };
  await subject.controller.bootClear(live);
  expect(subject.simulated.calls.filter(({ method }) => method === "PATCH")).toHaveLength(1);
});

test("a controller that takes neither says what it said to both", async () => {
  await using subject = await simulatedSubject({ bootQuirks: ["off-ignored"], bootTargets: ["None", "Pxe"] });
  await subject.controller.bootSet("network", { once: true, signal: live });
  await expect(subject.controller.bootClear(live)).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringMatching(/no boot override was expected.*can't be told to boot from disk/u),
  });
});
