import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory } from "../../lib/host/make-directory.ts";

/** Seconds after which the file is deleted. */
const lifetime = 60;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Writes a page that leads a browser to `link`, readable by this user alone, so that the link's code is in no argument that
 * `ps` shows. It is deleted also if this process ends before.
 * @param seconds after which it is deleted; default 60, for as long the link is good
 * @returns its path
 * @throws {Error} with the system's code
 */
export async function linkFileWrite(directory: string, link: string, seconds = lifetime): Promise<string> {
  await makeDirectory(directory);
  await leftoversDelete(directory);
  const path = join(directory, `console-${randomBytes(16).toString("hex")}.html`);
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(page(link));
  } finally {
    await file.close();
  }
  const child = spawn("/bin/sh", ["-c", 'sleep "$1"; rm -f -- "$2"', "sh", String(seconds), path], {
    cwd: "/",
    detached: true,
    stdio: "ignore",
  });
  // Without a shell the file stays until the next `farrier console`; its link is of no use any more.
  child.on("error", () => undefined);
  child.unref();
  return path;
}

/** The user's directory for such files: XDG_RUNTIME_DIR, or else the data directory. */
export function linkDirectory(dataDir: string, env: Environment): string {
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  return runtime === "" ? dataDir : join(runtime, "farrier");
}

/** Deletes files whose deleting process did not live long enough. */
async function leftoversDelete(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => /^console-[0-9a-f]{32}\.html$/u.test(name));
  await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      const found = await stat(path).catch(() => undefined);
      if (found !== undefined && Date.now() - found.mtimeMs > lifetime * 1_000) {
        await rm(path, { force: true });
      }
    }),
  );
}

function page(link: string): string {
  const escaped = link.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${escaped}">
<title>Farrier</title>
<p><a href="${escaped}">Open the console</a></p>
</html>
`;
}
