import { linkAt, textOf, textsOf, valueAt } from "../json.ts";
import type { MakerRules } from "../rules/maker-rules.ts";
import type { RedfishService, Resource } from "../service.ts";

/** Maximum number of slots that are read: XCC has ten. */
const slotsMost = 12;

/** A slot for virtual media that a client can use, as it was read. */
export interface MediaSlot {
  link: string;
  resource: Resource;
  /** How a medium is inserted and ejected: by actions, or by changing the slot (row 32). */
  by: { insert: string; eject: string | undefined } | "patch";
}

/**
 * The usable slots. A slot must accept CDs or DVDs, and have the action to insert one (row 31) or accept a PATCH by the
 * maker's rule (row 32).
 * @param places the resources whose slots are searched, the system first
 */
export async function mediaSlots(
  service: RedfishService,
  places: readonly Resource[],
  rules: Pick<MakerRules, "mediaByPatch">,
  signal: AbortSignal,
): Promise<MediaSlot[]> {
  const found: MediaSlot[] = [];
  for (const { body } of places) {
    const collection = await service.find(linkAt(body, "VirtualMedia"), signal);
    const links = collection === undefined ? [] : await service.members(collection.link, signal, slotsMost);
    for (const link of links) {
      const resource = await service.find(link, signal);
      const slot = resource === undefined ? undefined : usable(link, resource, rules);
      found.push(...(slot === undefined ? [] : [slot]));
    }
  }
  return found;
}

function usable(
  link: string,
  resource: Resource,
  { mediaByPatch }: Pick<MakerRules, "mediaByPatch">,
): MediaSlot | undefined {
  const { body } = resource;
  const types = textsOf(body["MediaTypes"]);
  // Some slots accept only DVDs (row 37); some do not say what they accept.
  const takes = types.length === 0 || types.some((type) => /^(?:CD|DVD)$/iu.test(type));
  const insert = textOf(valueAt(body, "Actions", "#VirtualMedia.InsertMedia", "target"));
  const eject = textOf(valueAt(body, "Actions", "#VirtualMedia.EjectMedia", "target"));
  if (!takes) {
    return undefined;
  }
  if (insert !== undefined) {
    return { link, resource, by: { insert, eject } };
  }
  const id = textOf(body["Id"]) ?? "";
  return mediaByPatch && /^(?:EXT|Remote)/iu.test(id) ? { link, resource, by: "patch" } : undefined;
}

/** What is in a slot. */
export interface SlotContent {
  /** Whether there is a medium. */
  taken: boolean;
  /** The medium's URL, if the controller shows it. */
  image: string | undefined;
}

/** What is in a slot. Some controllers show the image of a medium that was ejected (row 36). Pure. */
export function slotContent({ body }: Resource): SlotContent {
  const image = textOf(body["Image"]);
  const isFree = body["Inserted"] === false || textOf(body["ConnectedVia"]) === "NotConnected";
  return { taken: !isFree && (body["Inserted"] === true || image !== undefined), image };
}
