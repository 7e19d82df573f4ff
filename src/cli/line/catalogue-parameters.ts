import { versionReference } from "../../contract/catalogue/catalogue-reference.ts";

/** Parses a reference to a version. @throws {RangeError} naming what was expected */
function parseReference(text: string): string {
  if (versionReference(text) === undefined) {
    throw new RangeError(
      `"${text}" is no name: expected NAME, NAME@VERSION or NAME@TAG, such as debian-12, debian-12@3 or debian-12@stable`,
    );
  }
  return text;
}

/** The one image of a command. */
export const oneImage = {
  kind: "tuple",
  parameters: [{ brief: "Image: NAME, NAME@VERSION or NAME@TAG", placeholder: "IMAGE", parse: parseReference }],
} as const;

/** The new name of an image. */
export const oneImageName = {
  kind: "tuple",
  parameters: [{ brief: "Name of the image", placeholder: "NAME", parse: parseReference }],
} as const;

/** The one profile of a command. */
export const oneProfile = {
  kind: "tuple",
  parameters: [{ brief: "Profile: NAME or NAME@VERSION", placeholder: "PROFILE", parse: parseReference }],
} as const;

/** The one rollout of a command. */
export const oneRollout = {
  kind: "tuple",
  parameters: [{ brief: "Name of the rollout", placeholder: "ROLLOUT", parse: (text: string): string => text }],
} as const;
