import { expect, test } from "vitest";
import { certificateOperator } from "./client-certificate.ts";

const dates = { valid_from: "Jan  1 00:00:00 2026 GMT", valid_to: "Jan  1 00:00:00 2027 GMT" };
const now = new Date("2026-06-01T00:00:00Z");

/** Node's types know a part that comes twice as one string only. */
const certificate = (subject: Record<string, string | string[]>): Parameters<typeof certificateOperator>[0] => ({
  subject,
  ...dates,
});

test.each<[string, Record<string, string | string[]>, string | undefined]>([
  ["name and unit", { CN: "Alice Łaska", OU: "operator" }, "Alice Łaska operator"],
  ["organisation where there is no unit", { CN: "bot", O: "admin" }, "bot admin"],
  ["the unit before the organisation", { CN: "bot", OU: "viewer", O: "admin" }, "bot viewer"],
  ["other units beside the role", { CN: "bot", OU: ["Berlin", "viewer"] }, "bot viewer"],
  ["a unit that is no role does not fall back to the organisation", { CN: "bot", OU: "Berlin", O: "admin" }, undefined],
  ["two roles", { CN: "bot", OU: ["viewer", "admin"] }, undefined],
  ["no role", { CN: "bot" }, undefined],
  ["a role in other letters", { CN: "bot", OU: "Admin" }, undefined],
  ["no name", { OU: "admin" }, undefined],
  ["two names", { CN: ["a", "b"], OU: "admin" }, undefined],
  ["an empty name", { CN: "", OU: "admin" }, undefined],
  ["A15: the name of the data directory's token", { CN: "token", OU: "admin" }, undefined],
  ["A12: a name that is written from right to left", { CN: "a\u202Eb", OU: "admin" }, undefined],
  ["a name with a line feed", { CN: "a\nb", OU: "admin" }, undefined],
  ["a name that is too long", { CN: "a".repeat(65), OU: "admin" }, undefined],
])("%s", (_what, subject, expected) => {
  const operator = certificateOperator(certificate(subject), now);
  expect(operator === undefined ? undefined : `${operator.name} ${operator.role}`).toBe(expected);
});

test.each(["2025-12-31T23:59:59Z", "2027-01-01T00:00:00Z"])("at %s it is not valid", (time) => {
  expect(certificateOperator(certificate({ CN: "bot", OU: "admin" }), new Date(time))).toBeUndefined();
});
