// `npm test [-- PATH…] [-t NAME]`: the suite on embedded PostgreSQL, then the tests that use a database again on
// Debian's PostgreSQL 15 if that is installed. The last line is `N passed, N failed` in total. `-t A1` runs the tests
// of a case. `node tools/test.ts --only-postgres-15` runs the second part only, `--only-lab` (`npm run test:lab`) the
// tests with QEMU machines, which take half an hour, `--only-console` (`npm run test:console`) those of the console in a
// browser; with FARRIER_TEST_LAB=sample, `npm test` includes a sample of them
// that differs for each commit. In CI a failed file is run once more, alone: if all of it passes then, its failures are
// printed as unsteady, and do not count as failed.
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { commitHash } from "./commit-hash.ts";
import { labSample } from "./lab-sample.ts";
import { secondRunFiles, secondRunResult, type RunResult } from "./second-run.ts";
import type { TestCounts } from "./test-counts.ts";
import { databaseTestFiles, testsNamed } from "./test-files.ts";
import { exactly, testsCollect, type TestSuite, testSuiteRun } from "./test-suite.ts";

/** Debian's folder for the programs of the oldest supported PostgreSQL. */
const postgres15 = "/usr/lib/postgresql/15/bin";
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "only-console": { type: "boolean", default: false },
    "only-lab": { type: "boolean", default: false },
    "only-postgres-15": { type: "boolean", default: false },
    testNamePattern: { type: "string", short: "t" },
  },
});
const { "only-console": onlyConsole, "only-lab": onlyLab, "only-postgres-15": only15, testNamePattern } = values;
const named = testNamePattern === undefined ? undefined : testsNamed(testNamePattern);
const whole = positionals.length === 0 && named === undefined;

const qemu = { title: "What boots QEMU machines", config: "vitest.lab.config.ts" };
const results: RunResult[] = [];
const unsteady: string[] = [];
async function run(given: Omit<TestSuite, "filters"> & { filters?: readonly string[] }): Promise<void> {
  const filters = given.filters ?? (positionals.length > 0 ? positionals : (named?.files ?? []));
  const suite = { ...(named === undefined ? {} : { named: named.named }), ...given, filters };
  const first = await testSuiteRun(suite);
  const files = process.env["CI"] === "true" ? secondRunFiles(first.failures) : [];
  if (files.length === 0) {
    results.push(first);
    return;
  }
  const again = await testSuiteRun({ ...suite, title: `${suite.title}: what failed, once more`, filters: files });
  const result = secondRunResult(first, again);
  results.push(result);
  unsteady.push(...result.unsteady);
}

/** A sample of the tests with QEMU machines, different for each commit. */
async function runSample(config: string): Promise<void> {
  const commit = commitHash();
  const seed = process.env["FARRIER_TEST_SEED"];
  // Tests' names contain their random seed, which must not change between choosing and running.
  process.env["FARRIER_TEST_SEED"] = seed ?? String(randomInt(1_000_000));
  const tests = await testsCollect(config);
  const sample = labSample(tests, commit);
  for (const { file, name } of tests.filter((test) => !sample.includes(test))) {
    process.stdout.write(`left out of the sample of ${commit}: ${file}: ${name}\n`);
  }
  const filters = [...new Set(sample.map(({ file }) => file))];
  await run({ title: `${qemu.title}, a sample`, config, filters, named: exactly(sample) });
  if (seed === undefined) {
    delete process.env["FARRIER_TEST_SEED"];
  }
}

if (process.env["CI"] === "true") {
  // If it can't be installed, the tests that need it report that.
  spawnSync("sh", [fileURLToPath(new URL("install-qemu.sh", import.meta.url))], { stdio: "inherit" });
}
if (onlyConsole) {
  await run({ title: "The console, in a browser", config: "vitest.console.config.ts" });
} else if (onlyLab) {
  await run(qemu);
} else if (whole && process.env["FARRIER_TEST_LAB"] === "sample") {
  await runSample(qemu.config);
}
if (!only15 && !onlyLab && !onlyConsole) {
  await run({ title: "The suite, on embedded PostgreSQL" });
}
if (onlyLab || onlyConsole || (!only15 && !whole)) {
  // That was everything.
} else if (!existsSync(postgres15)) {
  process.stdout.write(`\nnot run on PostgreSQL 15: there is no ${postgres15} (Debian's package postgresql-15)\n`);
} else {
  process.env["FARRIER_TEST_POSTGRES_BIN"] = postgres15;
  const title = "What uses a database, again on PostgreSQL 15";
  await run(positionals.length > 0 ? { title } : { title, filters: databaseTestFiles() });
}
const sum = (key: keyof TestCounts): number => results.reduce((total, { counts }) => total + counts[key], 0);
const [passed, failed, skipped] = [sum("passed"), sum("failed"), sum("skipped")];
if (skipped > 0) {
  process.stdout.write(`${skipped} skipped; the reasons are above\n`);
}
process.stdout.write(unsteady.map((line) => `unsteady: failed once, passed alone: ${line}\n`).join(""));
process.stdout.write(results.flatMap(({ failures }) => failures.map(({ line }) => `failed: ${line}\n`)).join(""));
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
