import { ControllerError } from "../../controller.ts";
import { AnswerError } from "../answer-error.ts";
import { managerOf } from "../facts.ts";
import { spoken } from "../messages.ts";
import { type Patience, rounds } from "../patience.ts";
import type { ChangeReply } from "../service.ts";
import type { RedfishSystem } from "../system.ts";
import { taskEnd } from "../task.ts";
import { insertBody, insertBodyNext } from "./insert-body.ts";
import { slotEject } from "./media-eject.ts";
import { mediaSlots, type MediaSlot, slotContent } from "./slots.ts";

/** Maximum number of times that one slot is asked with other parameters (row 34). */
const triesMost = 4;

/** The usable slots of a system and its manager. @throws {ControllerError} `unsupported` if there is none */
export async function slotsOf(system: RedfishSystem, signal: AbortSignal): Promise<MediaSlot[]> {
  const own = await system.read(signal);
  const manager = await managerOf(system, own, signal);
  const places = manager === undefined ? [own] : [own, manager];
  const slots = await mediaSlots(system.service, places, system.rules, signal);
  if (slots.length === 0) {
    throw new ControllerError("unsupported", `${system.name} takes no virtual media by Redfish`);
  }
  return slots;
}

/**
 * Inserts the medium at this URL, and waits until the controller shows it. Free slots are tried first; a medium in the way
 * is ejected (row 35), unless only a free slot may be taken. A slot that refuses is followed by the next one (row 31).
 * Resolves to the slot's link.
 * @throws {ControllerError} also `busy` if no slot is free, and one must be
 */
export async function mediaInsert(
  system: RedfishSystem,
  url: string,
  { patience, freeOnly }: { patience: Patience; freeOnly: boolean },
  signal: AbortSignal,
): Promise<string> {
  const taken = (slot: MediaSlot): number => (slotContent(slot.resource).taken ? 1 : 0);
  const slots = (await slotsOf(system, signal)).filter((slot) => !freeOnly || taken(slot) === 0);
  if (slots.length === 0) {
    throw new ControllerError("busy", `each drive for virtual media of ${system.name} has a medium already`);
  }
  let refusal: AnswerError | undefined;
  for (const slot of slots.toSorted((one, other) => taken(one) - taken(other))) {
    try {
      if (taken(slot) === 1) {
        await slotEject(system, slot, patience, signal);
      }
      const reply = await insertInto(system, slot, url, signal);
      await taskEnd(system.service, reply, patience, signal);
      await inserted(system, slot, url, { reply, patience, signal });
      return slot.link;
    } catch (error) {
      if (!(error instanceof AnswerError) || (error.code !== "refused" && error.code !== "unsupported")) {
        throw error;
      }
      refusal = error;
    }
  }
  throw refusal ?? new ControllerError("unsupported", `${system.name} has no slot for virtual media`);
}

async function insertInto(
  system: RedfishSystem,
  { link, by }: MediaSlot,
  url: string,
  signal: AbortSignal,
): Promise<ChangeReply> {
  const { service } = system;
  let body = insertBody(url);
  for (let tries = 1; ; tries += 1) {
    try {
      return by === "patch"
        ? await service.change({ method: "PATCH", link, body }, signal)
        : await service.change({ method: "POST", link: by.insert, body }, signal);
    } catch (error) {
      const next =
        error instanceof AnswerError && error.code === "refused" && tries < triesMost
          ? insertBodyNext(body, error.messages)
          : undefined;
      if (next === undefined) {
        throw error;
      }
      body = next;
    }
  }
}

async function inserted(
  system: RedfishSystem,
  { link }: MediaSlot,
  url: string,
  { reply, patience, signal }: { reply: ChangeReply; patience: Patience; signal: AbortSignal },
): Promise<void> {
  const { service } = system;
  for await (const _ of rounds(service.clock, patience, signal)) {
    const { taken, image } = slotContent(await service.get(link, signal));
    // Some controllers do not show the URL, or only its file name.
    if (taken && (image === undefined || image === url || url.endsWith(`/${image}`))) {
      return;
    }
  }
  const said = spoken(reply.messages);
  throw new ControllerError(
    "not_done",
    `${system.name} does not show the medium as inserted${said === undefined ? "" : `; it said: ${said}`}: can the controller reach this host, and has it the licence for virtual media`,
  );
}
