import { catalogueNameExpected, versionReference } from "../../contract/catalogue/catalogue-reference.ts";

/** Parses a reference to an image. @throws {RangeError} naming what was expected */
function parseImage(text: string): string {
  if (versionReference(text) === undefined) {
    throw new RangeError(
      `"${text}" is no image: expected NAME, NAME@VERSION or NAME@TAG, such as debian-12, debian-12@3 or debian-12@stable`,
    );
  }
  return text;
}

/** Parses a name without a version. @throws {RangeError} naming what was expected */
function parseName(text: string): string {
  if (versionReference(text)?.name !== text) {
    throw new RangeError(`"${text}" is no name: expected ${catalogueNameExpected}`);
  }
  return text;
}

/** Parses a reference to a profile, which has no tags. @throws {RangeError} naming what was expected */
function parseProfile(text: string): string {
  const reference = versionReference(text);
  if (reference === undefined || reference.tag !== undefined) {
    throw new RangeError(`"${text}" is no profile: expected NAME or NAME@VERSION, such as web or web@3`);
  }
  return text;
}

/** The one image of a command. */
export const oneImage = {
  kind: "tuple",
  parameters: [{ brief: "Image: NAME, NAME@VERSION or NAME@TAG", placeholder: "IMAGE", parse: parseImage }],
} as const;

/** The name of an image of a command that makes a version of it. */
export const oneImageName = {
  kind: "tuple",
  parameters: [{ brief: "Name of the image, without a version", placeholder: "NAME", parse: parseName }],
} as const;

/** The one profile of a command. */
export const oneProfile = {
  kind: "tuple",
  parameters: [{ brief: "Profile: NAME or NAME@VERSION", placeholder: "PROFILE", parse: parseProfile }],
} as const;

/** The one rollout of a command. */
export const oneRollout = {
  kind: "tuple",
  parameters: [{ brief: "Name of the rollout", placeholder: "ROLLOUT", parse: (text: string): string => text }],
} as const;

/** The one webhook of a command. */
export const oneWebhook = {
  kind: "tuple",
  parameters: [{ brief: "Name of the webhook", placeholder: "NAME", parse: parseName }],
} as const;

/** The one rule of a command. */
export const oneRule = {
  kind: "tuple",
  parameters: [{ brief: "Name of the rule", placeholder: "RULE", parse: parseName }],
} as const;
