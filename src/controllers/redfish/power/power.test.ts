import { expect, test } from "vitest";
import { simulatedSubject } from "../../testing/simulated-subject.ts";

const live = new AbortController().signal;

test("a command is done when the machine is seen to be so, over states on the way", async () => {
  await using subject = await simulatedSubject();
  subject.machine.slow = 3;
  await subject.controller.powerSet("on", live);
  expect(await subject.controller.powerGet(live)).toBe("on");
  expect(subject.machine.actions).toEqual(["on"]);
});

test("what is accepted and does not come true is an error that says how it is", async () => {
  await using subject = await simulatedSubject();
  subject.machine.stuck = true;
  await expect(subject.controller.powerSet("on", live)).rejects.toMatchObject({
    code: "not_done",
    message: expect.stringContaining("is off after 120 s, where on was expected"),
  });
});

test("on whose answer is lost is looked at, and sent again only if it did not come true", async () => {
  await using subject = await simulatedSubject();
  subject.simulated.faults.push({ method: "POST", path: /Reset/u, does: "cut-after" });
  await subject.controller.powerSet("on", live);
  expect(subject.machine.actions).toEqual(["on"]);
  subject.simulated.faults.push({ method: "POST", path: /Reset/u, does: "cut" });
  await subject.controller.powerSet("off", live);
  expect(subject.machine.actions).toEqual(["on", "off"]);
});

test("a restart whose answer is lost is never sent twice", async () => {
  await using subject = await simulatedSubject();
  await subject.controller.powerSet("on", live);
  const { lastReset } = subject.simulated.state;
  subject.simulated.faults.push({ method: "POST", path: /Reset/u, does: "cut" });
  await expect(subject.controller.powerSet("reset", live)).rejects.toMatchObject({
    code: "not_done",
    message: expect.stringContaining("it may have been carried out"),
  });
  expect(subject.machine.actions).toEqual(["on"]);
  expect(subject.simulated.state.lastReset).toBe(lastReset);
  // The machine's LastResetTime shows that the reset was carried out.
  subject.simulated.faults.push({ method: "POST", path: /Reset/u, does: "cut-after" });
  await subject.controller.powerSet("reset", live);
  expect(subject.machine.actions).toEqual(["on", "reset"]);
});
