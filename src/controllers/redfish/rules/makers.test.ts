import { describe, expect, test } from "vitest";
import { amiShape } from "../../simulated/shapes/ami.ts";
import { dellShape } from "../../simulated/shapes/dell.ts";
import { hpeShape } from "../../simulated/shapes/hpe.ts";
import { lenovoShape } from "../../simulated/shapes/lenovo.ts";
import { openbmcShape } from "../../simulated/shapes/openbmc.ts";
import { supermicroShape } from "../../simulated/shapes/supermicro.ts";
import { simulatedSubject } from "../../testing/simulated-subject.ts";
import { type MakerIdentity, plainRules } from "./maker-rules.ts";
import { rulesOf } from "./rules-of.ts";

const live = new AbortController().signal;
const nobody: MakerIdentity = { vendor: undefined, oem: [], manufacturer: undefined, model: undefined };

test.each<[string, Partial<MakerIdentity>]>([
  ["Dell", { vendor: "Dell" }],
  ["Dell", { oem: ["Dell"] }],
  ["Dell", { manufacturer: "Dell Inc." }],
  ["HPE", { vendor: "HPE" }],
  ["HPE", { oem: ["Hpe"] }],
  ["HPE", { oem: ["Hp"] }],
  ["Lenovo", { vendor: "Lenovo" }],
  ["Supermicro", { vendor: "Supermicro" }],
  ["Supermicro", { vendor: "Super Micro Computer, Inc." }],
  ["AMI", { vendor: "AMI" }],
  ["other", {}],
])("%s is known by %j", (maker, identity) => {
  expect(rulesOf({ ...nobody, ...identity }).maker).toBe(maker);
});

test("a maker without rules has none", () => {
  expect(rulesOf({ ...nobody, vendor: "Contoso" })).toEqual({ ...plainRules, maker: "Contoso" });
});

test("row 6: on right after off is a conflict for a while with Dell", async () => {
  await using subject = await simulatedSubject(dellShape);
  const conflict = { status: 409, id: "ActionParameterValueConflict" };
  subject.simulated.faults.push({ method: "POST", path: /Reset/u, times: 5, does: conflict });
  await subject.controller.powerSet("on", live);
  expect(subject.machine.actions).toEqual(["on"]);
});

test("row 26: Dell's data that is not ready is waited for", async () => {
  await using subject = await simulatedSubject(dellShape);
  const system = /Systems\/System\.Embedded\.1$/u;
  subject.simulated.faults.push({ method: "GET", path: system, times: 3, does: { status: 400, id: "SYS518" } });
  // The client knows the rules once it has read the system.
  await expect(subject.controller.powerGet(live)).rejects.toMatchObject({ code: "refused" });
  subject.simulated.faults.splice(0);
  expect(await subject.controller.powerGet(live)).toBe("off");
  subject.simulated.faults.push({ method: "GET", path: system, times: 3, does: { status: 400, id: "SYS518" } });
  expect(await subject.controller.powerGet(live)).toBe("off");
});

test("row 7: HPE refuses a power action soon after another, and a boot override in the self test", async () => {
  await using subject = await simulatedSubject(hpeShape);
  const refusal = { status: 400, id: "InvalidOperationForSystemState" };
  subject.simulated.faults.push({ method: "POST", path: /Reset/u, times: 4, does: refusal });
  await subject.controller.powerSet("on", live);
  expect(subject.machine.actions).toEqual(["on"]);
  const { state, calls } = subject.simulated;
  state.postState = "InPost";
  let reads = 0;
  const end = subject.clock.sleep;
  subject.clock.sleep = (milliseconds, signal) => {
    reads += 1;
    state.postState = reads > 3 ? "FinishedPost" : "InPost";
    return end(milliseconds, signal);
  };
  await subject.controller.bootSet("network", { once: true, signal: live });
  expect(calls.filter(({ method }) => method === "PATCH").map(({ status }) => status)).toEqual([200]);
});

test("row 8: a Lenovo SR675 V3 is restarted by off and on", async () => {
  await using subject = await simulatedSubject({ ...lenovoShape, model: "ThinkSystem SR675 V3" });
  await subject.controller.powerSet("on", live);
  await subject.controller.powerSet("reset", live);
  await subject.controller.powerSet("cycle", live);
  expect(subject.machine.actions).toEqual(["on", "off", "on", "off", "on"]);
  expect((await subject.controller.read(live)).rules).toContain("8: restarted by off and on");
});

test("row 9: Supermicro gets the boot override whole, and so keeps its mode", async () => {
  await using subject = await simulatedSubject(supermicroShape);
  await subject.controller.bootSet("network", { once: false, signal: live });
  expect(subject.simulated.state.boot).toEqual({ enabled: "Continuous", target: "Pxe", mode: "UEFI" });
  await subject.controller.bootSet("disk", { once: false, signal: live });
  expect(subject.simulated.state.boot).toEqual({ enabled: "Continuous", target: "Hdd", mode: "UEFI" });
});

test("row 11: Lenovo takes an override for the next boot alone, and has its boot order for every boot", async () => {
  await using subject = await simulatedSubject(lenovoShape);
  await subject.controller.bootSet("network", { once: true, signal: live });
  expect(subject.simulated.state.boot).toMatchObject({ enabled: "Once", target: "Pxe" });
  // For every boot, the client changes the boot order.
  await subject.controller.bootSet("network", { once: false, signal: live });
  await subject.controller.bootSet("network", { once: false, signal: live });
  expect(subject.simulated.state.bootOrder).toEqual(["Boot0003", "Boot0002"]);
  await expect(subject.controller.bootSet("media", { once: false, signal: live })).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining("nothing in its boot order for media"),
  });
});

test("row 12: HPE's override is taken away with its target left", async () => {
  await using subject = await simulatedSubject(hpeShape);
  await subject.controller.bootSet("network", { once: true, signal: live });
  await subject.controller.bootClear(live);
  expect(subject.simulated.state.boot).toMatchObject({ enabled: "Disabled", target: "Pxe" });
});

test("row 15: the virtual CD is called UsbCd by Supermicro, where it has that", async () => {
  await using subject = await simulatedSubject(supermicroShape);
  await subject.controller.bootSet("media", { once: true, signal: live });
  expect(subject.simulated.state.boot.target).toBe("UsbCd");
  await using other = await simulatedSubject({ ...supermicroShape, bootTargets: ["None", "Pxe", "Cd"] });
  await other.controller.bootSet("media", { once: true, signal: live });
  expect(other.simulated.state.boot.target).toBe("Cd");
});

describe("row 31, 32: virtual media count where an image can be inserted", () => {
  test.each([
    ["Dell, below the manager", dellShape, true],
    ["below the system", { ...dellShape, media: { under: "system", slots: ["1"], actions: true } } as const, true],
    ["Lenovo, by PATCH", lenovoShape, true],
    ["Lenovo, without a slot for it", { ...lenovoShape, media: { ...lenovoShape.media, slots: ["RDOC1"] } }, false],
    ["OpenBMC, for browsers only", openbmcShape, false],
    ["none", { ...amiShape, media: undefined }, false],
  ])("%s", async (_, shape, there) => {
    await using subject = await simulatedSubject(shape as Partial<typeof dellShape>);
    expect((await subject.controller.read(live)).virtualMedia).toBe(there);
  });
});

test("row 52: a Dell's serial number is looked for in SKU too", async () => {
  await using subject = await simulatedSubject(dellShape);
  expect((await subject.controller.read(live)).serials).toEqual(["BOARD-SIM0001", "SIM0001"]);
  // Here SKU is the product number, which many machines share.
  await using other = await simulatedSubject(hpeShape);
  expect((await other.controller.read(live)).serials).toEqual(["SIM0001"]);
});
