import { ImageState } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { valuesByWord } from "./table.ts";

/** How far a version of an image is. */
export const imageStateWords = {
  [ImageState.FETCHING]: "fetching",
  [ImageState.READY]: "ready",
  [ImageState.FAILED]: "failed",
} as const satisfies Record<Exclude<ImageState, 0>, string>;

/** A state by its word. */
export const imageStateValues = valuesByWord(imageStateWords);
