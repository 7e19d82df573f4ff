import type { VersionOf } from "../database/queries/secret/versions-reseal.ts";
import { imageSourcePlace, profileSpecPlace } from "./image-source.ts";
import { rolloutValuesPlace } from "./rollout-values.ts";
import type { SealedPlace } from "./seal.ts";
import { webhookPlace } from "./webhook-target.ts";

const places: Record<VersionOf["of"], (row: VersionOf) => SealedPlace> = {
  image: imageSourcePlace,
  profile: profileSpecPlace,
  rollout: ({ name }) => rolloutValuesPlace(name),
  webhook: ({ name }) => webhookPlace(name),
};

/** The place that a row is sealed for. */
export function versionPlace(row: VersionOf): SealedPlace {
  return places[row.of](row);
}
