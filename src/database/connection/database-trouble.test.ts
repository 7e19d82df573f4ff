import { expect, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { heldConnection } from "../../../test/support/fleet.ts";
import { databaseTrouble } from "./database-trouble.ts";
import { DatabaseError, isUnavailable, translate } from "../errors.ts";

test.each([
  ["28P01", /does not let Farrier in/u, "unavailable"],
  ["28000", /does not let Farrier in/u, "unavailable"],
  ["3D000", /does not let Farrier in/u, "unavailable"],
  ["53300", /no connection left .*max_connections/u, "unavailable"],
  ["53100", /disk of the database is full/u, "unavailable"],
  ["53200", /out of memory/u, "unavailable"],
  ["57014", /did not finish in time/u, "busy"],
])("X3: SQLSTATE %s is said as what it is, without the server's text", (code, words, kind) => {
  const error = Object.assign(new Error('role "secret"'), { code });
  const translated = translate(error);
  expect(translated).toBeInstanceOf(DatabaseError);
  expect(translated).toMatchObject({ code: kind, message: expect.stringMatching(words) as unknown });
  expect(String(translated)).not.toContain("secret");
  expect(isUnavailable(error)).toBe(kind === "unavailable");
});

test.each(["42P01", "22P02", "23505", "42601", "XX001", "58030"])(
  "SQLSTATE %s is the statement's own, or one row's",
  (code) => {
    expect(databaseTrouble(Object.assign(new Error("why"), { code }))).toBeUndefined();
  },
);

test("X3: PostgreSQL's refusals are told from those of Farrier's own triggers", async () => {
  await using database = await testDatabase();
  await using client = await heldConnection(database);
  const failed = async (text: string): Promise<unknown> =>
    client.query(text).then(
      () => "no error",
      (error: unknown) => error,
    );
  // A role of PostgreSQL's own that owns nothing.
  await client.query("SET ROLE pg_monitor");
  const rights = await failed("SELECT FROM machines");
  await client.query("RESET ROLE");
  expect(databaseTrouble(rights)?.text).toMatch(/make it the owner/u);
  const ours = await failed("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'insufficient_privilege'; END $$");
  expect(ours).toMatchObject({ code: "42501" });
  expect(databaseTrouble(ours)).toBeUndefined();
  await client.query("SET statement_timeout = 5");
  expect(databaseTrouble(await failed("SELECT pg_sleep(10)"))?.code).toBe("busy");
});
