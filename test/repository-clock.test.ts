import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = globSync("{src,boot-image,tools,test/integration,test/e2e,test/lab}/**/*.test.ts", { cwd: root });

/** Tests that look at a clock, though nothing in them fails where the host is slow. */
const looksAtClock: Readonly<Record<string, string>> = {
  "src/agent-api/enroll.test.ts": "an answer may not come too early",
  "src/agent/run.test.ts": "a pause may not be too short",
  "src/cli/operator-commands.test.ts": "a label that no other run has",
  "src/database/queries/installation/installation-retry.test.ts": "a stored time lies in the future",
  "src/database/queries/upkeep/deadlines.test.ts": "a stored time lies an hour ahead",
  "src/operator-api/handlers/access.test.ts": "a stored time lies an hour ahead",
  "test/e2e/kill-random.test.ts": "rounds go on for a time, whatever their number",
};

/** Milliseconds: what ends a test earlier than this fails on a host that is slow, not only on one where something hangs. */
const shortest = 60_000;

function lines(
  pattern: RegExp,
): { file: string; line: string; groups: Readonly<Record<string, string | undefined>> }[] {
  return files.flatMap((file) =>
    readFileSync(`${root}${file}`, "utf8")
      .split("\n")
      .flatMap((line) => [...line.matchAll(pattern)].map(({ groups = {} }) => ({ file, line: line.trim(), groups }))),
  );
}

test("no test looks at a clock, but for those that a slow host can't fail", () => {
  const found = lines(/\bperformance\.now\(\)|\bDate\.now\(\)|\bhrtime\b|\bprocess\.uptime\(\)/gu);
  expect(found.filter(({ file }) => looksAtClock[file] === undefined)).toEqual([]);
  // What is timed is in bench/ and test/soak.
  expect(found.filter(({ line }) => /\.toBeLess/u.test(line))).toEqual([]);
  const unused = Object.keys(looksAtClock).filter((file) => !found.some((look) => look.file === file));
  expect(unused).toEqual([]);
});

test("no test gives up on a state before a slow host could have reached it", () => {
  const found = lines(/\b(?:timeoutMs|testTimeout|hookTimeout|timeout): (?<milliseconds>[0-9][0-9_]*)\b/gu);
  expect(found.length).toBeGreaterThan(20);
  const short = found.filter(({ groups }) => Number(groups["milliseconds"]?.replaceAll("_", "")) < shortest);
  expect(short.map(({ file, line }) => `${file}: ${line}`)).toEqual([]);
});
