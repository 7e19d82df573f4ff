import { imageRuleBroken, type ImageRule } from "../contract/catalogue/image-rule.ts";
import { ruledSource } from "../contract/catalogue/image-ruled.ts";
import type { ImageSource } from "../contract/catalogue/image-source.ts";
import type { Database } from "../database/connect.ts";
import { imageRuleList } from "../database/queries/image/image-rule.ts";
import { CatalogueError } from "./errors.ts";

/**
 * The rules of the image policy, which the image's source keeps now.
 * @throws {CatalogueError} `forbidden` if it breaks one; {DatabaseError} `unavailable`
 */
export async function imageRulesKept(database: Database, source: ImageSource): Promise<ImageRule[]> {
  const rules: ImageRule[] = await imageRuleList(database);
  const problem = imageRuleBroken(rules, ruledSource(source));
  if (problem !== undefined) {
    throw new CatalogueError("forbidden", `${problem}. Then add the image again`);
  }
  return rules;
}
