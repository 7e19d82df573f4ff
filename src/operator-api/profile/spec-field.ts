import { z } from "zod";
import { catalogueNameExpected } from "../../contract/catalogue/catalogue-reference.ts";
import { diskSelectorField } from "../requests/validate-image.ts";
import { retryField } from "../requests/retry-field.ts";
import { line, text } from "../requests/validate.ts";
import { versionReferenceField } from "../requests/version-reference.ts";

/** A template's characters; what it gives has the same limit. */
const templateMost = 256 * 1024;
const sshKeyPattern =
  /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]{32,12000}={0,2}(?: [^\r\n]{1,256})?$/u;
const userPattern = /^[a-z_][a-z0-9_-]{0,31}$/u;
const valueNamePattern = /^[A-Za-z][A-Za-z0-9_]{0,62}$/u;
const secondsMost = 86_400;

const sshKeyField = line(16_384).regex(
  sshKeyPattern,
  "expected a public key as in authorized_keys, such as ssh-ed25519 AAAA… (the content of a .pub file), without options",
);

/** What a profile says. */
export const profileSpecField = z
  .object(
    {
      image: versionReferenceField,
      rootDisk: z
        .custom((value) => value !== undefined, "is missing: expected a selector of the disk to write")
        .pipe(diskSelectorField),
      userData: text(templateMost),
      networkConfig: text(templateMost),
      grow: z.boolean(),
      readBack: z.boolean(),
      retry: retryField,
      expect: z
        .object({
          cameUp: z.boolean(),
          withinSeconds: z
            .int()
            .min(0, `expected 1 to ${secondsMost} seconds, or 0 for 900`)
            .max(secondsMost, `expected 1 to ${secondsMost} seconds, or 0 for 900`),
        })
        .optional(),
      sshKeys: z.array(sshKeyField).max(64, "expected at most 64"),
      user: z
        .string()
        .refine((name) => name === "" || userPattern.test(name), "expected a user's name: a-z, 0-9, '_' and '-'"),
      values: z
        .array(
          z.object({
            name: z
              .string()
              .regex(
                valueNamePattern,
                "expected a-z, A-Z, 0-9 and '_', beginning with a letter, at most 63 characters",
              ),
            default: text(16_384).optional(),
          }),
        )
        .max(64, "expected at most 64")
        .refine((values) => new Set(values.map(({ name }) => name)).size === values.length, "a name is there twice"),
    },
    `is missing: expected what the profile says; an image's name has ${catalogueNameExpected}`,
  )
  .refine(({ user, sshKeys }) => user === "" || sshKeys.length > 0, {
    path: ["user"],
    message: "has no way to log in: give ssh_keys too",
  });

/** Values that a request gives to a profile's templates. */
export const templateValuesField = z
  .record(z.string(), text(16_384))
  .refine((values) => Object.keys(values).length <= 64, "expected at most 64");
