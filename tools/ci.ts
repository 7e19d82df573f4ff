// `npm run ci`: everything that CI checks, each once, with the time taken. It continues after a failure, so that one
// run shows all failures. The last line is the tests' `N passed, N failed`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { commitHash } from "./commit-hash.ts";

interface Part {
  name: string;
  command: readonly [program: string, ...args: string[]];
}

const script = (name: string, ...args: string[]): Part => ({
  name: [name, ...args].join(" "),
  command: ["npm", "run", "--silent", name, ...(args.length === 0 ? [] : ["--", ...args])],
});

/** By the commit's hash: half of the commits soak one process, the other half two servers of which one is killed. */
const servers = /[02468ace]$/u.test(commitHash()) ? "1" : "2";

/** The tests come last, because the last line is theirs. */
const parts: readonly Part[] = [
  ...["types", "lint", "format:check", "unused", "generate:check", "proto:lint", "proto:breaking"].map((name) =>
    script(name),
  ),
  script("soak", "fleet", "--minutes", "1.5", "--agents", "1000", "--servers", servers),
  script("test:console"),
  script("test"),
];

const counted = /^\d+ passed, \d+ failed$/u;
const failed: string[] = [];
const times: string[] = [];
let last = "";

/** Seconds that the caller spent before this, such as on `npm ci`. */
const before = Number(process.env["FARRIER_CI_SECONDS"] ?? 0);
if (before > 0) {
  times.push(`${before} s  npm ci and what is installed for the tests`);
}
const begun = performance.now();
for (const part of parts) {
  const isLast = part === parts.at(-1);
  process.stdout.write(`\n== ${part.command.join(" ")}\n`);
  if (isLast && failed.length > 0) {
    process.stdout.write(`failed before the tests: ${failed.join(", ")}\n`);
  }
  const started = performance.now();
  if ((await runs(part, isLast)) !== 0) {
    failed.push(part.name);
  }
  times.push(`${secondsSince(started)} s  ${part.name}`);
}
process.stdout.write(`\ntimes:\n${times.map((line) => `  ${line}\n`).join("")}`);
process.stdout.write(`  ${before + secondsSince(begun)} s  all\n`);
if (failed.length > 0) {
  process.stdout.write(`failed: ${failed.join(", ")}\n`);
}
process.stdout.write(`\n${last}`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Runs a part and shows its output. The last part's count line is kept for the end, and its own times are recorded. */
async function runs({ command: [program, ...args] }: Part, isLast: boolean): Promise<number | null> {
  const env = { FARRIER_TEST_LAB: "sample", ...process.env };
  const child = spawn(program, args, { env, stdio: ["ignore", isLast ? "pipe" : "inherit", "inherit"] });
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      show(line);
    }
  });
  const [code] = (await once(child, "close")) as [number | null];
  process.stdout.write(rest);
  return code;
}

function show(line: string): void {
  if (counted.test(line)) {
    last = `${line}\n`;
    return;
  }
  const time = /^time: (?<what>.*): (?<seconds>\d+) s$/u.exec(line)?.groups;
  if (time !== undefined) {
    times.push(`${time["seconds"]} s  ${time["what"]}`);
  }
  process.stdout.write(`${line}\n`);
}

function secondsSince(moment: number): number {
  return Math.round((performance.now() - moment) / 1000);
}
