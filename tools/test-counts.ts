import type { Reporter, TestCase, TestModule } from "vitest/node";

/** What came of a run of tests. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Adds up the tests of one run, and says why each skipped one was. */
export class CountingReporter implements Reporter {
  readonly counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.counts.failed += unhandledErrors.length;
    for (const module of modules) {
      // A file or a group that broke outside of its tests: an import, a hook.
      this.counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) {
        this.counts.failed += suite.errors().length;
      }
      for (const test of module.children.allTests()) {
        this.#add(module, test);
      }
    }
  }

  #add(module: TestModule, test: TestCase): void {
    const result = test.result();
    if (result.state === "passed") {
      this.counts.passed += 1;
      return;
    }
    if (result.state === "skipped" && result.note !== undefined) {
      this.counts.skipped += 1;
      process.stdout.write(`skipped: ${module.relativeModuleId}: ${test.fullName}: ${result.note}\n`);
      return;
    }
    this.counts.failed += 1;
    if (result.state === "skipped") {
      // Also what a failed hook before it kept from running.
      process.stdout.write(`did not run, and no reason given: ${module.relativeModuleId}: ${test.fullName}\n`);
    }
  }
}
