import type { TestCounts, TestFailure } from "./test-counts.ts";

/** What a run, or a second run, came to. */
export interface RunResult {
  counts: TestCounts;
  failures: readonly TestFailure[];
}

/** With failures in more files than this, what is wrong is not a test that is unsteady on a busy host. */
const filesMost = 5;

/**
 * The files that are run once more, alone; none where that could hide a fault: what random input found, what failed in no
 * file, failures all over. Pure.
 */
export function secondRunFiles(failures: readonly TestFailure[]): string[] {
  const files = new Set<string>();
  for (const { file, line } of failures) {
    if (file === undefined || /Property failed|FARRIER_TEST_SEED/u.test(line)) {
      return [];
    }
    files.add(file);
  }
  return files.size > filesMost ? [] : [...files];
}

/**
 * The result after a second run of the failed files: a file whose tests all passed then was unsteady, and is named as such.
 * Pure.
 */
export function secondRunResult(first: RunResult, again: RunResult): RunResult & { unsteady: string[] } {
  const { passed, skipped } = first.counts;
  if (again.counts.passed === 0) {
    return { ...first, unsteady: [] };
  }
  const failedAgain = new Set(again.failures.map(({ file }) => file));
  const anywhere = failedAgain.has(undefined);
  const still = first.failures.filter(({ file }) => anywhere || failedAgain.has(file));
  const steady = first.failures.filter((failure) => !still.includes(failure));
  return {
    counts: { passed: passed + steady.filter(({ isTest }) => isTest).length, failed: still.length, skipped },
    failures: still,
    unsteady: steady.map(({ line }) => line),
  };
}
