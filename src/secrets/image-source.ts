import type { SealedPlace } from "./seal.ts";

/** A version of an image, or of a profile. */
export interface VersionOwner {
  name: string;
  version: number;
}

/** The place that an image's source is sealed for. */
export function imageSourcePlace({ name, version }: VersionOwner): SealedPlace {
  return { table: "image_version", row: `${name} ${version}`, purpose: "source" };
}

/** The place that a profile's specification is sealed for. */
export function profileSpecPlace({ name, version }: VersionOwner): SealedPlace {
  return { table: "profile_version", row: `${name} ${version}`, purpose: "spec" };
}
