import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  CatalogueImageSchema,
  ImageFactsSchema,
  type CatalogueImage,
  type ImageFacts,
} from "../../../gen/farrier/operator/v1/image_pb.ts";
import { imageStateValues } from "../../contract/words/image-state.ts";
import type { ImageVersionRecord } from "../../database/queries/image/image-version.ts";
import { defined } from "../../lib/defined.ts";

/** A version of an image, as operators get it: without the secrets of its source. */
export function catalogueImageMessage(record: ImageVersionRecord): CatalogueImage {
  const { fetching, facts } = record;
  return create(CatalogueImageSchema, {
    name: record.name,
    version: record.version,
    state: imageStateValues[record.state],
    url: record.shownUrl,
    digest: record.digest ?? "",
    isSigned: record.signed,
    isCached: record.cached,
    isPublic: record.isPublic,
    cachedAt: record.cachedAt,
    tags: record.tags,
    failure: record.failure?.text ?? "",
    createdAt: timestampFromDate(record.createdAt),
    createdBy: record.createdBy,
    ...defined({ facts: facts === undefined ? undefined : factsMessage(facts) }),
    ...defined({ readyAt: record.readyAt === undefined ? undefined : timestampFromDate(record.readyAt) }),
    ...(fetching === undefined
      ? {}
      : {
          progress: {
            phase: fetching.phase ?? "waiting",
            bytesDone: fetching.bytesDone,
            bytesTotal: fetching.bytesTotal,
            attempts: fetching.attempts,
            ...defined({ nextAt: fetching.nextAt === undefined ? undefined : timestampFromDate(fetching.nextAt) }),
          },
        }),
  });
}

/** Facts are stored under the names that the message has in JSON; those of a later version are left out. */
function factsMessage(facts: Record<string, unknown>): ImageFacts {
  return fromJson(ImageFactsSchema, facts as JsonValue, { ignoreUnknownFields: true });
}
