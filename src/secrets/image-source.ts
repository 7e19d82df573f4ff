import type { KeyRing } from "./key-ring.ts";
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

/** The source of the image that a request was made by; undefined without one, and once it was deleted. @throws {SecretsError} */
export function originSourceOpen(
  ring: Pick<KeyRing, "open">,
  origin: (VersionOwner & { sealedSource?: Uint8Array }) | undefined,
): Uint8Array | undefined {
  return origin?.sealedSource === undefined ? undefined : ring.open(imageSourcePlace(origin), origin.sealedSource);
}

/** The place that a profile's specification is sealed for. */
export function profileSpecPlace({ name, version }: VersionOwner): SealedPlace {
  return { table: "profile_version", row: `${name} ${version}`, purpose: "spec" };
}
