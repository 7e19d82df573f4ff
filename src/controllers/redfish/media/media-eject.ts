import { ControllerError, type WhoseMedium } from "../../controller.ts";
import { AnswerError } from "../answer-error.ts";
import { type Patience, rounds } from "../patience.ts";
import type { ChangeReply } from "../service.ts";
import type { RedfishSystem } from "../system.ts";
import { taskEnd } from "../task.ts";
import { type MediaSlot, slotContent } from "./slots.ts";

/** Ejects the medium of a slot, and waits until the controller shows it as free. @throws {ControllerError} */
export async function slotEject(
  system: RedfishSystem,
  slot: MediaSlot,
  patience: Patience,
  signal: AbortSignal,
): Promise<void> {
  const { service } = system;
  const reply = await ejectSend(system, slot, signal);
  await taskEnd(service, reply, patience, signal);
  for await (const _ of rounds(service.clock, patience, signal)) {
    if (!slotContent(await service.get(slot.link, signal)).taken) {
      return;
    }
  }
  throw new ControllerError("not_done", `${system.name} still shows the medium in ${slot.link} after it was ejected`);
}

async function ejectSend(
  { service }: RedfishSystem,
  { link, by }: MediaSlot,
  signal: AbortSignal,
): Promise<ChangeReply> {
  if (by === "patch" || by.eject === undefined) {
    return service.change({ method: "PATCH", link, body: { Image: null, Inserted: false } }, signal);
  }
  try {
    return await service.change({ method: "POST", link: by.eject, body: {} }, signal);
  } catch (error) {
    // Some controllers require an empty body, others none (row 25).
    if (error instanceof AnswerError && (error.status === 400 || error.status === 415)) {
      return service.change({ method: "POST", link: by.eject }, signal);
    }
    throw error;
  }
}

/**
 * Ejects the media for which `whose` is true.
 * @throws {ControllerError}
 */
export async function mediaEject(
  system: RedfishSystem,
  slots: readonly MediaSlot[],
  { whose, patience }: { whose: WhoseMedium; patience: Patience },
  signal: AbortSignal,
): Promise<void> {
  for (const slot of slots) {
    const { taken, image } = slotContent(slot.resource);
    if (taken && whose(image, slot.link)) {
      await slotEject(system, slot, patience, signal);
    }
  }
}
