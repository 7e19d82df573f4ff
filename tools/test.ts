// `npm test [-- PATH…]`: the suite on embedded PostgreSQL, then what uses a database again on Debian's PostgreSQL 15
// where that is installed. The last line is `N passed, N failed`, of both together.
// `node tools/test.ts --only-postgres-15` runs the second part alone, `--only-lab` (`npm run test:lab`) those that install
// operating systems on QEMU machines, which take half an hour; with FARRIER_TEST_LAB=1 they are part of `npm test`.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startVitest } from "vitest/node";
import { CountingReporter, type TestCounts } from "./test-counts.ts";

/** Where Debian puts the programs of the oldest PostgreSQL that Farrier runs on. */
const postgres15 = "/usr/lib/postgresql/15/bin";
/** These touch no database, or bring the embedded one themselves. */
const withoutDatabase = [
  ...["src/agent/**", "src/cli/**", "src/lab/**", "src/lib/**", "boot-image/**"],
  ...["test/e2e/**", "test/lab/**", "test/repository*.test.ts"],
];

const failures: string[] = [];

async function suite(title: string, filters: string[], exclude: string[], config?: string): Promise<TestCounts> {
  process.stdout.write(`\n${title}\n`);
  const reporter = new CountingReporter();
  const vitest = await startVitest("test", filters, {
    watch: false,
    reporters: ["default", reporter],
    ...(exclude.length === 0 ? {} : { exclude }),
    ...(config === undefined ? {} : { config }),
  });
  await vitest.close();
  failures.push(...reporter.failures);
  return reporter.counts;
}

if (process.env["CI"] === "true") {
  // Where it can't be installed the tests that need it say so.
  spawnSync("sh", [fileURLToPath(new URL("install-qemu.sh", import.meta.url))], { stdio: "inherit" });
}
const onlyLab = process.argv.includes("--only-lab");
const only15 = process.argv.includes("--only-postgres-15");
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const counts: TestCounts[] = [];
if (onlyLab || (process.env["FARRIER_TEST_LAB"] === "1" && filters.length === 0)) {
  counts.push(await suite("What installs operating systems on QEMU machines:", filters, [], "vitest.lab.config.ts"));
}
if (!only15 && !onlyLab) {
  counts.push(await suite("The suite, on embedded PostgreSQL:", filters, []));
}
if (onlyLab) {
  // That was all.
} else if (!existsSync(postgres15)) {
  process.stdout.write(`\nnot run on PostgreSQL 15: there is no ${postgres15} (Debian's package postgresql-15)\n`);
} else if (only15 || filters.length === 0) {
  process.env["FARRIER_TEST_POSTGRES_BIN"] = postgres15;
  counts.push(await suite("What uses a database, again on PostgreSQL 15:", filters, withoutDatabase));
}
const sum = (key: keyof TestCounts): number => counts.reduce((total, count) => total + count[key], 0);
const [passed, failed, skipped] = [sum("passed"), sum("failed"), sum("skipped")];
if (skipped > 0) {
  process.stdout.write(`${skipped} skipped; the reasons are above\n`);
}
process.stdout.write(failures.map((line) => `${line}\n`).join(""));
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
