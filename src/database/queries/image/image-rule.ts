import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { Tx } from "../../transaction.ts";
import { secretsCommandOnce, type SecretsCommand } from "../secret/secrets-command.ts";

/** What a rule of the image policy says. */
export type ImageRuleSays =
  | { kind: "sources"; sources: readonly string[] }
  /** `format` as the contract with agents numbers it; the key in base64. */
  | { kind: "keys"; keys: readonly { format: number; publicKey: string }[] }
  | { kind: "catalogue" };

/** A rule of the image policy as recorded. */
export type ImageRuleRecord = ImageRuleSays & { name: string; setAt: Date; setBy: string };

/** Maximum number of rules: every request reads all of them. */
const rulesMost = 50;

interface ImageRuleRow {
  rule_name: string;
  kind: ImageRuleSays["kind"];
  sources: string[];
  keys: { format: number; publicKey: string }[];
  set_at: Date;
  set_by: string;
}

/** All rules, by name. @throws {DatabaseError} `unavailable` */
export async function imageRuleList(source: Database | Tx): Promise<ImageRuleRecord[]> {
  const { rows } = await sql<ImageRuleRow>`
    SELECT rule_name, kind, sources, keys, set_at, set_by FROM image_rule ORDER BY rule_name LIMIT ${rulesMost}`
    .execute("kysely" in source ? source.kysely : source)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({ ...saysOf(row), name: row.rule_name, setAt: row.set_at, setBy: row.set_by }));
}

function saysOf({ kind, sources, keys }: ImageRuleRow): ImageRuleSays {
  switch (kind) {
    case "sources":
      return { kind, sources };
    case "keys":
      return { kind, keys };
    case "catalogue":
      return { kind };
  }
}

/**
 * Makes a rule, or replaces the rule of that name, once per request id.
 * @throws {DatabaseError} `refused` if there are too many; `request_id_reused`; `unavailable`
 */
export async function imageRuleSet(
  database: Database,
  rule: SecretsCommand & { name: string; says: ImageRuleSays; setBy: string },
): Promise<void> {
  const { name, says } = rule;
  const sources = says.kind === "sources" ? [...says.sources] : [];
  const keys = JSON.stringify(says.kind === "keys" ? says.keys : []);
  await secretsCommandOnce(database, rule, async (tx) => {
    // Two admins who add a rule at a time are counted one after the other.
    await sql`LOCK TABLE image_rule IN SHARE ROW EXCLUSIVE MODE`.execute(tx);
    const { numAffectedRows } = await sql`
      INSERT INTO image_rule (rule_name, kind, sources, keys, set_by)
      SELECT ${name}, ${says.kind}, ${sources}::text[], ${keys}::jsonb, ${rule.setBy}
      WHERE (SELECT count(*) FROM image_rule WHERE rule_name <> ${name}) < ${rulesMost}
      ON CONFLICT (rule_name) DO UPDATE
      SET kind = EXCLUDED.kind, sources = EXCLUDED.sources, keys = EXCLUDED.keys, set_at = now(), set_by = EXCLUDED.set_by`.execute(
      tx,
    );
    if (numAffectedRows === 0n) {
      throw new DatabaseError(
        "refused",
        `the image policy has ${rulesMost} rules, the maximum: \`farrier policy delete --help\` says how to delete one`,
      );
    }
    return {};
  });
}

/** Deletes a rule, once per request id. @throws {DatabaseError} `not_found`; `request_id_reused`; `unavailable` */
export async function imageRuleDelete(database: Database, command: SecretsCommand & { name: string }): Promise<void> {
  await secretsCommandOnce(database, command, async (tx) => {
    const { numAffectedRows } = await sql`DELETE FROM image_rule WHERE rule_name = ${command.name}`.execute(tx);
    if (numAffectedRows === 0n) {
      throw new DatabaseError(
        "not_found",
        `the image policy has no rule "${command.name}": \`farrier policy show\` has all rules`,
      );
    }
    return {};
  });
}
