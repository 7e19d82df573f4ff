import { imageRuleBroken, type RuledImage } from "../../contract/catalogue/image-rule.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import { imageRuleList } from "../../database/queries/image/image-rule.ts";

/**
 * Reads the image policy; what it returns refuses an image that breaks a rule, with `refused`.
 * @throws {DatabaseError} `unavailable`
 */
export async function imagePermits(database: Database): Promise<(image: RuledImage) => void> {
  const rules = await imageRuleList(database);
  return (image) => {
    const problem = imageRuleBroken(rules, image);
    if (problem !== undefined) {
      throw new DatabaseError("refused", problem);
    }
  };
}

/** Refuses an image that breaks a rule of the image policy. @throws {DatabaseError} `refused`, `unavailable` */
export async function imagePermitted(database: Database, image: RuledImage): Promise<void> {
  (await imagePermits(database))(image);
}
