import { gitOutput } from "./comparison-base.ts";

const folder = "src/database/migrations";

/**
 * Migrations that were changed, renamed or deleted after their commit, each with how and where: in a commit after
 * `since`, or uncommitted. Existing databases have applied the earlier version.
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
