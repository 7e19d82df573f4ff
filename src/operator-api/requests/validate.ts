import { Code, ConnectError } from "@connectrpc/connect";
import { z } from "zod";
import { isPrintable } from "../../lib/format/printable.ts";
import { issueWords } from "../../lib/format/issue-words.ts";
import { macParse } from "../../lib/net/mac.ts";
import { smbiosUuidParse } from "../../contract/smbios-uuid.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { machineId, requestId } from "../../database/ids.ts";

/** The name of a machine: what a host name may be, and never what looks like a UUID (as the table's CHECK says). */
const machineNamePattern = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/u;
const labelKeyPattern = /^[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?$/u;

/** Labels that a machine may have. */
const labelsLimit = 64;
const maximumInt64 = 0x7fff_ffff_ffff_ffffn;

/**
 * Checks a request; what comes back is what a handler may work with.
 * @throws {ConnectError} invalid_argument, naming each field that is wrong, what was expected, in the contract's spelling
 */
export function validate<Schema extends z.ZodType>(schema: Schema, message: unknown): z.output<Schema> {
  const result = schema.safeParse(message, { error: issueWords });
  if (result.success) {
    return result.data;
  }
  const problems = result.error.issues.map((issue) => {
    const field = issue.path.map((part) => fieldName(String(part))).join(".");
    return field === "" ? issue.message : `${field}: ${issue.message}`;
  });
  throw new ConnectError(problems.join("; "), Code.InvalidArgument);
}

function fieldName(localName: string): string {
  return localName.replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`);
}

/** Text that the database can hold: no NUL, no half surrogate, at most `limit` characters. */
export function text(limit: number): z.ZodString {
  return z
    .string()
    .max(limit, `too long: expected at most ${limit} characters`)
    .refine((value) => !value.includes("\0") && value.isWellFormed(), "holds a NUL or a broken character");
}

/** Text of one line, without what a terminal would obey: it is shown to others. */
export function line(limit: number): z.ZodString {
  return text(limit).refine(
    isPrintable,
    "holds a control character, a line break, or a character that changes the direction of text: expected one plain line",
  );
}

/** Text that must be there. */
export function requiredText(limit: number): z.ZodString {
  return line(limit).min(1, "is missing");
}

/** At most `limit` bytes. */
export function bytes(limit: number): z.ZodCustom<Uint8Array<ArrayBuffer>> {
  return z.custom<Uint8Array<ArrayBuffer>>(
    (value) => value instanceof Uint8Array && value.length <= limit,
    `too long: expected at most ${limit} bytes`,
  );
}

/** An int64 that counts something: 0 or more. */
export const count = z
  .bigint()
  .min(0n, "is negative: expected 0 or more")
  .max(maximumInt64, "too great: expected at most 2^63 - 1");

/** The caller's id of a command. */
export const requestIdField = z
  .string()
  .refine(isUuid, "expected a UUID made for this command, such as 123e4567-e89b-42d3-a456-426614174000")
  .transform(requestId);

/** The beginning of a UUID, in any letter case. */
const machinePrefixPattern = /^[0-9a-f][0-9a-f-]{3,34}$/iu;

/** What names a machine: its UUID (then resolved at once), its name, or the beginning of its UUID. */
export const machineField = z
  .string()
  .refine(
    (value) => isUuid(value) || machineNamePattern.test(value) || machinePrefixPattern.test(value),
    "expected a machine's UUID or its name (a-z, 0-9, '.' and '-', at most 63 characters), or a UUID's first 4 or more",
  )
  .transform((value) => (isUuid(value) ? { id: machineId(value) } : { name: value }));

/** A name to give to a machine, or "" for none. */
export const newNameField = z
  .string()
  .refine(
    (value) => value === "" || machineNamePattern.test(value),
    "expected a-z, 0-9, '.' and '-', with a letter or digit at both ends, at most 63 characters",
  )
  .refine((value) => !isUuid(value), "looks like a UUID: a name must not, since it stands wherever an id does");

/** The key of a label. */
export const labelKeyField = z
  .string()
  .regex(
    labelKeyPattern,
    "expected keys of a-z, 0-9 and '._/-', with a letter or digit at both ends, at most 63 characters",
  );

/** Labels of a machine, or those to look for. */
export const labelsField = z
  .record(z.string(), line(256))
  .refine((labels) => Object.keys(labels).length <= labelsLimit, `expected at most ${labelsLimit} labels`)
  .refine(
    (labels) => Object.keys(labels).every((key) => labelKeyPattern.test(key)),
    "expected keys of a-z, 0-9 and '._/-', with a letter or digit at both ends, at most 63 characters",
  );

/** Entries on a page; 0 stands for 100. */
export const pageSizeField = z
  .int()
  .min(0, "expected 1 to 1000, or 0 for 100")
  .max(1000, "expected 1 to 1000, or 0 for 100")
  .transform((size) => (size === 0 ? 100 : size));

/** A board's UUID, or "" for none. */
export const smbiosUuidField = z.string().transform((value, context) => {
  const uuid = value === "" ? "" : smbiosUuidParse(value);
  if (uuid === undefined) {
    context.addIssue(
      isUuid(value)
        ? "is one that makers write on every board: leave it out, and give the machine's MACs"
        : "expected a board's UUID such as 4c4c4544-0042-3010-8054-b7c04f4e3232 (`dmidecode -s system-uuid`)",
    );
    return z.NEVER;
  }
  return uuid;
});

const macField = z.string().transform((value, context) => {
  const mac = macParse(value);
  if (mac === undefined) {
    context.addIssue("expected an interface's MAC such as 52:54:00:12:34:56 (no group's, not all zeros)");
    return z.NEVER;
  }
  return mac;
});

/** The MACs of a machine's interfaces. */
export const macsField = z
  .array(macField)
  .max(64, "expected at most 64")
  .transform((macs) => [...new Set(macs)]);
