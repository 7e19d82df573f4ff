// Virtual media. Numbers are the rows of docs/redfish.md.
import { expect, test } from "vitest";
import { plainShape, type MakerShape } from "../../simulated/shape.ts";
import { simulatedSubject } from "../../testing/simulated-subject.ts";
import { lenovoShape } from "../../simulated/shapes/lenovo.ts";

const live = new AbortController().signal;
const secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I";
const url = `http://198.51.100.1:8081/media/${secret}/agent.iso`;
const ours = (image: string | undefined): boolean => image === undefined || image.includes("/media/");

const slots = (shape: Partial<MakerShape>): Partial<MakerShape> => ({
  media: { under: "manager", slots: ["Cd"], actions: true },
  ...shape,
});

test.each<[string, Partial<MakerShape>]>([
  ["row 31: a slot of the system", slots({ media: { under: "system", slots: ["1"], actions: true } })],
  ["row 32: a slot without actions is changed", lenovoShape],
  ["row 33: fields that are not known are left out", slots({ mediaQuirks: ["few-fields"] })],
  ["row 34: the protocol, one field after the other", slots({ mediaQuirks: ["needs-protocol"] })],
  ["row 34: user name and password of any text", slots({ mediaQuirks: ["needs-login"] })],
  ["rows 33 and 34 at once", slots({ mediaQuirks: ["few-fields", "needs-protocol"] })],
  ["row 35: the medium before is ejected first", slots({ mediaQuirks: ["no-replace"] })],
  ["row 36: the image of an ejected medium is still shown", slots({ mediaQuirks: ["image-stays"] })],
  ["row 25: an ejection without a body", slots({ mediaQuirks: ["no-body"] })],
])("%s", async (_name, shape) => {
  await using subject = await simulatedSubject(shape);
  const { controller, machine } = subject;
  expect((await controller.read(live)).virtualMedia).toBe(true);
  await controller.mediaInsert(url, live);
  expect(machine.medium).toBe(url);
  const next = url.replace(secret, secret.toUpperCase());
  await controller.mediaInsert(next, live);
  expect(machine.medium).toBe(next);
  await controller.mediaEject(ours, live);
  expect(machine.medium).toBeUndefined();
  await controller.mediaEject(ours, live);
  await controller.mediaInsert(url, live);
  expect(machine.medium).toBe(url);
});

test("row 31: a slot that refuses is followed by the next", async () => {
  await using subject = await simulatedSubject({
    media: { under: "manager", slots: ["Slot_0", "Slot_1"], actions: true },
    mediaQuirks: ["first-refuses"],
  });
  await subject.controller.mediaInsert(url, live);
  const inserted = [...subject.simulated.state.media].map(([slot]) => slot.slice(slot.lastIndexOf("/") + 1));
  expect(inserted).toEqual(["Slot_1"]);
});

test("a free slot is taken before another's medium is ejected", async () => {
  await using subject = await simulatedSubject({ media: { under: "manager", slots: ["1", "2"], actions: true } });
  const { media } = subject.simulated.state;
  const first = `/redfish/v1/Managers/${plainShape.managerId}/VirtualMedia/1`;
  media.set(first, { image: "http://203.0.113.5/own.iso", inserted: true });
  await subject.controller.mediaInsert(url, live);
  expect(media.get(first)).toEqual({ image: "http://203.0.113.5/own.iso", inserted: true });
  await subject.controller.mediaEject(ours, live);
  expect([...media.values()].map(({ inserted }) => inserted)).toEqual([true, false]);
});

test("without slots it is unsupported", async () => {
  await using subject = await simulatedSubject({ media: undefined });
  await expect(subject.controller.mediaInsert(url, live)).rejects.toMatchObject({ code: "unsupported" });
  await expect(subject.controller.mediaEject(ours, live)).rejects.toMatchObject({ code: "unsupported" });
});

test("row 38: a medium that does not show is an error that does not repeat its path", async () => {
  await using subject = await simulatedSubject(slots({}), {}, { setting: { first: 1, most: 1, total: 3 } });
  subject.simulated.faults.push({ path: /InsertMedia$/u, times: 9, does: { status: 204 } });
  const failed = await subject.controller.mediaInsert(url, live).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: "not_done", message: expect.stringContaining("licence") });
  expect(String(failed)).not.toContain(secret);
});

test("an event log and a refusal that repeat the path are shown without it to another client, too", async () => {
  await using subject = await simulatedSubject(slots({}));
  const { simulated } = subject;
  await subject.controller.mediaInsert(url, live);
  simulated.state.events = [{ at: new Date(0), severity: "OK", text: `Virtual media ${url} is connected.` }];
  const other = subject.client();
  const { events } = await other.health(live);
  expect(events).toMatchObject([{ text: expect.stringContaining("/media/[secret]/agent.iso is connected.") }]);
  const message = `The image ${url} is in use.`;
  simulated.faults.push({ path: /EjectMedia$/u, times: 9, does: { status: 400, id: "Failed", message } });
  const failed = await other.mediaEject(ours, live).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: "refused", message: expect.stringContaining("is in use") });
  expect(String((failed as Error).stack)).not.toContain(secret);
});

test("a refusal that repeats the path is shown without it", async () => {
  await using subject = await simulatedSubject(slots({}));
  const message = `The image ${url} can't be read.`;
  subject.simulated.faults.push({ path: /InsertMedia$/u, times: 9, does: { status: 400, id: "Failed", message } });
  const failed = await subject.controller.mediaInsert(url, live).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: "refused", message: expect.stringContaining("can't be read") });
  expect(String((failed as Error).stack)).not.toContain(secret);
});
