// Completion in shells that are really there: keys are typed at a terminal, and their effect is checked.
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { controlPlaneStart, type TestControlPlane } from "../testing/processes.ts";

const run = promisify(execFile);
const bin = fileURLToPath(new URL("../../../bin/farrier.js", import.meta.url));
let directory: string;
let database: TestDatabase;
let plane: TestControlPlane;
let env: Record<string, string>;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-completion-"));
  database = await testDatabase({ leaks: "ignore" });
  plane = await controlPlaneStart(directory, database.url);
  await plane.run("machine", "add", "--provider", "static", "--provider-id", "a", "--name", "web1");
  await plane.run("machine", "add", "--provider", "static", "--provider-id", "b", "--name", "db1");
  const bins = join(directory, "bin");
  await mkdir(bins);
  await symlink(bin, join(bins, "farrier"));
  const PATH = [bins, dirname(process.execPath), process.env["PATH"]].join(delimiter);
  env = { PATH, HOME: directory, FARRIER_DATA_DIR: plane.dataDir, TERM: "xterm" };
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

/** Why a program can't be had here. */
async function missing(program: string): Promise<string | undefined> {
  return run("sh", ["-c", `command -v ${program}`]).then(
    () => undefined,
    () => `${program} is not installed: \`apt-get install ${program === "script" ? "bsdutils" : program}\``,
  );
}

/** Types at a shell that has a terminal of its own (`script` of util-linux gives it one); all that the terminal showed. */
async function typed(shell: string, setup: string, keys: string, until: RegExp): Promise<string> {
  const child = spawn("script", ["--quiet", "--flush", "--command", shell, "/dev/null"], { env, cwd: directory });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  try {
    // The terminal echoes what is typed: so the word is put together by the shell.
    child.stdin.write(`${setup}\necho set"" up\n`);
    await waitFor("the shell to be set up", () => /^set up\r?$/mu.test(shown), { timeoutMs: 60_000 });
    child.stdin.write(keys);
    await waitFor(`${until} to be shown`, () => until.test(shown), { timeoutMs: 60_000 });
  } catch (error) {
    throw new Error(`the terminal showed: ${JSON.stringify(shown)}`, { cause: error });
  } finally {
    child.stdin.end();
    child.kill("SIGKILL");
    await ended;
  }
  return shown;
}

/** Commands, and a machine's name, each by a few letters and TAB; carried out, it shows that machine. */
const keys = "farrier mach\tsho\twe\t\n";
const shown = /^name +web1\r?$/mu;

test("bash: commands and machines' names by TAB", { timeout: 300_000 }, async (context) => {
  const why = (await missing("bash")) ?? (await missing("script"));
  context.skip(why !== undefined, why);
  await typed("bash --norc --noprofile -i", "source <(farrier completion bash)", keys, shown);
});

test("zsh: commands and machines' names by TAB", { timeout: 300_000 }, async (context) => {
  const why = (await missing("zsh")) ?? (await missing("script"));
  context.skip(why !== undefined, why);
  const setup = "autoload -Uz compinit && compinit -u -D; source <(farrier completion zsh)";
  await typed("zsh -f -i", setup, keys, shown);
});

test("zsh: the script works as a file of $fpath too", { timeout: 300_000 }, async (context) => {
  const why = (await missing("zsh")) ?? (await missing("script"));
  context.skip(why !== undefined, why);
  const setup =
    "mkdir fpath; farrier completion zsh > fpath/_farrier; fpath=($PWD/fpath $fpath); autoload -Uz compinit && compinit -u -D";
  await typed("zsh -f -i", setup, keys, shown);
});

test("fish: commands, flags and machines' names", { timeout: 300_000 }, async (context) => {
  const why = await missing("fish");
  context.skip(why !== undefined, why);
  const complete = async (line: string): Promise<string[]> => {
    const program = `farrier completion fish | source; complete --do-complete '${line}'`;
    const { stdout } = await run("fish", ["--no-config", "-c", program], { env, cwd: directory });
    return stdout.trim().split("\n");
  };
  expect(await complete("farrier mach")).toEqual(["machine"]);
  expect(await complete("farrier machine sho")).toEqual(["show"]);
  expect(await complete("farrier machine show ")).toEqual(expect.arrayContaining(["db1", "web1"]));
  expect(await complete("farrier machine show we")).toEqual(["web1"]);
  expect(await complete("farrier machine list --sta")).toEqual(["--state"]);
});
