import { linkAt, textOf, textsOf, valueAt } from "./json.ts";
import type { MakerRules } from "./rules/maker-rules.ts";
import type { RedfishService, Resource } from "./service.ts";

/** Maximum number of slots that are read: XCC has ten. */
const slotsMost = 12;

/**
 * Whether the controller can insert an image as a virtual medium. A slot must accept CDs or DVDs, and have the action
 * to insert one (row 31) or accept a PATCH by the maker's rule (row 32).
 * @param places the resources whose slots are searched, the system first
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
  // Some slots accept only DVDs (row 37); some do not say what they accept.
  const takes = types.length === 0 || types.some((type) => /^(?:CD|DVD)$/iu.test(type));
  const action = textOf(valueAt(body, "Actions", "#VirtualMedia.InsertMedia", "target"));
  const slot = textOf(body["Id"]) ?? "";
  return takes && (action !== undefined || (mediaByPatch && /^(?:EXT|Remote)/iu.test(slot)));
}
