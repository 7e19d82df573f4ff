import { gitOutput } from "./comparison-base.ts";

const folder = "src/database/migrations";

/**
 * Migrations that were committed and then changed, renamed or deleted, each with how and where: in a commit after `since`, or not
 * committed yet. Somebody's database has what they said before.
 * @param cwd a work tree
 */
export async function migrationsChanged(cwd: string, since: string): Promise<string[]> {
  const only = ["--diff-filter=MDRT", "--name-status", "--find-renames"];
  const log = await gitOutput(cwd, "log", "--format=in %h:", ...only, `${since}..HEAD`, "--", folder);
  const uncommitted = await gitOutput(cwd, "diff", ...only, "HEAD", "--", folder);
  const found: string[] = [];
  let where = "";
  for (const line of `${log ?? ""}\nnot committed:\n${uncommitted ?? ""}`.split("\n")) {
    if (line.endsWith(":")) {
      where = line.slice(0, -1);
    } else if (line !== "") {
      found.push(`${line.replaceAll("\t", " ")} ${where}`);
    }
  }
  return found;
}
