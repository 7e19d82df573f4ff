// `npm run quick`: what each commit on main passes: types, lint, format, no unused code, no committed migration
// changed, and `farrier up` starts. It checks the index in its own folder, so that files that are not added have no
// effect. `npm run quick -- --since REF` checks each commit after REF instead. tools/hooks/pre-commit runs it; half a
// minute per commit.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { migrationsChanged } from "./migrations-changed.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);
const { values } = parseArgs({ options: { since: { type: "string" } } });

const git = async (...args: string[]): Promise<string> => (await run("git", args, { cwd: root })).stdout.trim();
const bad: string[] = [];
if (values.since === undefined) {
  // A hook gets the commit's index in GIT_INDEX_FILE, which git uses by itself.
  bad.push(
    ...(await checked(
      "what would be committed",
      async (to) => void (await git("checkout-index", "--all", `--prefix=${to}/`)),
    )),
  );
  bad.push(...(await migrationsChanged(root, "HEAD")));
} else {
  for (const commit of (await git("rev-list", "--reverse", `${values.since}..HEAD`)).split("\n").filter(Boolean)) {
    const title = await git("log", "-1", "--format=%h %s", commit);
    bad.push(...(await checked(title, async (to) => await commitUnpack(commit, to))));
  }
  bad.push(...(await migrationsChanged(root, values.since)));
}
process.stdout.write(bad.map((line) => `FAILED ${line}\n`).join(""));
process.exitCode = bad.length === 0 ? 0 : 1;

async function commitUnpack(commit: string, to: string): Promise<void> {
  const tar = `${to}.tar`;
  await git("archive", "--output", tar, commit);
  await run("tar", ["-xf", tar, "-C", to]);
  await rm(tar);
}

/** Checks what `fill` puts into a folder; resolves to the faults. */
async function checked(title: string, fill: (folder: string) => Promise<void>): Promise<string[]> {
  process.stdout.write(`== ${title}\n`);
  const place = await mkdtemp(join(tmpdir(), "farrier-quick-"));
  const folder = join(place, "tree");
  try {
    await mkdir(folder);
    await fill(folder);
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    const wrong: string[] = [];
    for (const script of ["types", "lint", "format:check", "unused"]) {
      if ((await runs(folder, "npm", "run", "--silent", script)) !== 0) {
        wrong.push(`${title}: npm run ${script}`);
      }
    }
    if (!(await starts(folder, join(place, "data")))) {
      wrong.push(`${title}: farrier up does not start`);
    }
    return wrong;
  } finally {
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function runs(cwd: string, program: string, ...args: string[]): Promise<number | null> {
  const [code] = (await once(spawn(program, args, { cwd, stdio: "inherit" }), "close")) as [number | null];
  return code;
}

/** Whether `farrier up` reports that it is ready, and ends cleanly on a signal. */
async function starts(cwd: string, dataDirectory: string): Promise<boolean> {
  const anyPort = ["--agents", "--operators", "--netboot"].flatMap((flag) => [flag, "127.0.0.1:0"]);
  const words = ["bin/farrier.js", "up", "--data-dir", dataDirectory, ...anyPort];
  const up = spawn(process.execPath, words, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let ready = false;
  for (const stream of [up.stdout, up.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (!ready && /^ready: /mu.test(said)) {
        ready = true;
        up.kill("SIGTERM");
      }
    });
  }
  const [code] = (await once(up, "close")) as [number | null];
  if (code !== 0 || !ready) {
    process.stdout.write(said);
    return false;
  }
  return true;
}
