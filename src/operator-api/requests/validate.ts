import { Code, ConnectError } from "@connectrpc/connect";
import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { z } from "zod";
import { isPrintable } from "../../lib/format/printable.ts";
import { issueWords } from "../../lib/format/issue-words.ts";
import { macParse } from "../../lib/net/mac.ts";
import { labelKeyPattern, machineNamePattern } from "../../contract/machine-name.ts";
import { smbiosUuidParse } from "../../contract/smbios-uuid.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { machineId, requestId } from "../../database/ids.ts";

/** Maximum number of labels of a machine. */
const labelsLimit = 64;
const maximumInt64 = 0x7fff_ffff_ffff_ffffn;

/**
 * Validates a request; the result is what a handler may use.
 * @throws {ConnectError} invalid_argument, naming each wrong field in the contract's spelling, and what was expected
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

/** Text that the database can store: no NUL, no lone surrogate, at most `limit` characters. */
export function text(limit: number): z.ZodString {
  return z
    .string()
    .max(limit, `too long: expected at most ${limit} characters`)
    .refine((value) => !value.includes("\0") && value.isWellFormed(), "holds a NUL or an invalid character");
}

/** One line of text without control characters, because other operators' terminals show it. */
export function line(limit: number): z.ZodString {
  return text(limit).refine(
    isPrintable,
    "holds a control character, a line break, or a character that changes the direction of text: expected one plain line",
  );
}

/** Text that must not be empty. */
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

/** An int64 count: 0 or more. */
export const count = z
  .bigint()
  .min(0n, "is negative: expected 0 or more")
  .max(maximumInt64, "too large: expected at most 2^63 - 1");

/** A command's request id. */
export const requestIdField = z
  .string()
  .refine(isUuid, "expected a UUID made for this command, such as 123e4567-e89b-42d3-a456-426614174000")
  .transform(requestId);

/** The beginning of a UUID, in any letter case. */
const machinePrefixPattern = /^[0-9a-f][0-9a-f-]{3,34}$/iu;

/** A reference to a machine: its UUID, its name, or the beginning of its UUID. */
export const machineField = z
  .string()
  .refine(
    (value) => isUuid(value) || machineNamePattern.test(value) || machinePrefixPattern.test(value),
    "expected a machine's UUID or its name (a-z, 0-9, '.' and '-', at most 63 characters), or a UUID's first 4 or more",
  )
  .transform((value) => (isUuid(value) ? { id: machineId(value) } : { name: value }));

/** A new name for a machine; "" for none. */
export const newNameField = z
  .string()
  .refine(
    (value) => value === "" || machineNamePattern.test(value),
    "expected a-z, 0-9, '.' and '-', with a letter or digit at both ends, at most 63 characters",
  )
  .refine(
    (value) => !isUuid(value),
    "looks like a UUID: expected another form, because a name is accepted wherever an id is",
  );

/** A label's key. */
export const labelKeyField = z
  .string()
  .regex(
    labelKeyPattern,
    "expected keys of a-z, 0-9 and '._/-', with a letter or digit at both ends, at most 63 characters",
  );

/** Labels of a machine, or labels to filter by. */
export const labelsField = z
  .record(z.string(), line(256))
  .refine((labels) => Object.keys(labels).length <= labelsLimit, `expected at most ${labelsLimit} labels`)
  .refine(
    (labels) => Object.keys(labels).every((key) => labelKeyPattern.test(key)),
    "expected keys of a-z, 0-9 and '._/-', with a letter or digit at both ends, at most 63 characters",
  );

/** Entries per page; 0 means 100. */
export const pageSizeField = z
  .int()
  .min(0, "expected 1 to 1000, or 0 for 100")
  .max(1000, "expected 1 to 1000, or 0 for 100")
  .transform((size) => (size === 0 ? 100 : size));

/** A time; absent for none. */
export const timeField = z
  .custom<Timestamp>()
  .optional()
  .transform((time, context): Date | undefined => {
    const date = time === undefined ? undefined : timestampDate(time);
    // PostgreSQL's and JavaScript's times end at different years; this is within both.
    if (
      date !== undefined &&
      (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1 || date.getUTCFullYear() > 9999)
    ) {
      context.addIssue("expected a time of the years 1 to 9999");
      return z.NEVER;
    }
    return date;
  });

/** A board's UUID; "" for none. */
export const smbiosUuidField = z.string().transform((value, context) => {
  const uuid = value === "" ? "" : smbiosUuidParse(value);
  if (uuid === undefined) {
    context.addIssue(
      isUuid(value)
        ? "is a UUID that makers write on many boards: leave it out, and give the machine's MACs"
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

/** The MACs of a machine's network interfaces. */
export const macsField = z
  .array(macField)
  .max(64, "expected at most 64")
  .transform((macs) => [...new Set(macs)]);
