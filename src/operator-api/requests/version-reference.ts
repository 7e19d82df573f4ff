import { z } from "zod";
import {
  catalogueNameExpected,
  catalogueNamePattern,
  catalogueTagPattern,
  versionReference,
} from "../../contract/catalogue/catalogue-reference.ts";
import { isUuid } from "../../lib/format/uuid.ts";

/** The name of an image or a profile. */
export const catalogueNameField = z
  .string()
  .regex(catalogueNamePattern, `expected ${catalogueNameExpected}`)
  .refine((name) => !isUuid(name), "looks like a UUID: choose another name");

/** NAME, NAME@VERSION or NAME@TAG. */
export const versionReferenceField = z.string().transform((value, context) => {
  const reference = versionReference(value);
  if (reference === undefined) {
    context.addIssue({
      code: "custom",
      message: "expected NAME, NAME@VERSION or NAME@TAG, such as debian-12, debian-12@3 or debian-12@stable",
    });
    return z.NEVER;
  }
  return reference;
});

/** Another name for a version. */
export const catalogueTagField = z
  .string()
  .regex(
    catalogueTagPattern,
    "expected a-z, 0-9 and '.-_', beginning with a letter, with a letter or digit at the end, at most 63 characters",
  );

/** NAME or NAME@VERSION of a profile, which has no tags. */
export const profileReferenceField = z.string().transform((value, context) => profileOf(value) ?? refused(context));

/** The same, or nothing. */
export const optionalProfileField = z
  .string()
  .transform((value, context) => (value === "" ? undefined : (profileOf(value) ?? refused(context))));

function profileOf(text: string): { name: string; version?: number } | undefined {
  const reference = versionReference(text);
  if (reference === undefined || reference.tag !== undefined) {
    return undefined;
  }
  const { name, version } = reference;
  return version === undefined ? { name } : { name, version };
}

function refused(context: z.RefinementCtx): never {
  context.addIssue({ code: "custom", message: "expected NAME or NAME@VERSION of a profile, such as web or web@3" });
  return z.NEVER;
}
