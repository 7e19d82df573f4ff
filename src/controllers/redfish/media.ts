import { linkAt, textOf, textsOf, valueAt } from "./json.ts";
import type { MakerRules } from "./rules/maker-rules.ts";
import type { RedfishService, Resource } from "./service.ts";

/** Slots that are looked at, at most: XCC has ten. */
const slotsMost = 12;

/**
 * Whether an image can be given to the machine as a virtual medium: a slot of the system, else of its manager, for CDs, with
 * the action to insert one (row 31), or to be changed where the maker's rule says so (row 32).
 * @param places the system first
 */
export async function hasVirtualMedia(
  service: RedfishService,
  places: readonly Resource[],
  rules: Pick<MakerRules, "mediaByPatch">,
  signal: AbortSignal,
): Promise<boolean> {
  for (const { body } of places) {
    const collection = await service.find(linkAt(body, "VirtualMedia"), signal);
    const slots = collection === undefined ? [] : await service.members(collection.link, signal, slotsMost);
    for (const link of slots) {
      const slot = await service.find(link, signal);
      if (slot !== undefined && isUsable(slot, rules)) {
        return true;
      }
    }
  }
  return false;
}

function isUsable({ body }: Resource, { mediaByPatch }: Pick<MakerRules, "mediaByPatch">): boolean {
  const types = textsOf(body["MediaTypes"]);
  // Some have only DVDs (row 37), some do not say.
  const takes = types.length === 0 || types.some((type) => /^(?:CD|DVD)$/iu.test(type));
  const action = textOf(valueAt(body, "Actions", "#VirtualMedia.InsertMedia", "target"));
  const slot = textOf(body["Id"]) ?? "";
  return takes && (action !== undefined || (mediaByPatch && /^(?:EXT|Remote)/iu.test(slot)));
}
