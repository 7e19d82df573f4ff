import { inspect } from "node:util";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** The result of a test run. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** A failure: of a test, or of a file or group outside its tests. */
export interface TestFailure {
  /** The test's file, from the repository's root; absent for what failed outside of any file. */
  file?: string;
  isTest: boolean;
  /** Repeated at the end, which remains of a truncated log. */
  line: string;
}

/** The first line of an error and of each of its causes; the full text is printed where it happened. */
function inShort(error: unknown, deepest = 4): string {
  const [message, cause] = partsOf(error);
  const [line = ""] = message.split("\n", 1);
  return cause === undefined || deepest === 0 ? line : `${line}: ${inShort(cause, deepest - 1)}`;
}

function partsOf(error: unknown): [message: string, cause?: unknown] {
  if (typeof error !== "object" || error === null) {
    return [String(error)];
  }
  return ["message" in error ? String(error.message) : inspect(error), "cause" in error ? error.cause : undefined];
}

/** A test's full name as Vitest's name pattern sees it. */
export function nameForPattern(fullName: string): string {
  return fullName.replaceAll(" > ", " ");
}

/** Counts the tests of one run, and prints why each skipped one was skipped. */
export class CountingReporter implements Reporter {
  readonly counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  readonly failures: TestFailure[] = [];
  readonly #named: RegExp | undefined;

  /** @param named the run's name pattern: tests with other names do not count */
  constructor(named?: RegExp) {
    this.#named = named;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    for (const error of unhandledErrors) {
      this.#failed({ isTest: false }, "outside of any test", [error]);
    }
    for (const module of modules) {
      // A file or a group that failed outside its tests: an import, a hook.
      const outside = { file: module.relativeModuleId, isTest: false };
      for (const error of module.errors()) {
        this.#failed(outside, module.relativeModuleId, [error]);
      }
      for (const suite of module.children.allSuites()) {
        for (const error of suite.errors()) {
          this.#failed(outside, `${module.relativeModuleId}: ${suite.fullName}`, [error]);
        }
      }
      for (const test of module.children.allTests()) {
        if (this.#named?.test(nameForPattern(test.fullName)) !== false) {
          this.#add(module, test);
        }
      }
    }
  }

  #failed(what: Omit<TestFailure, "line">, where: string, errors: readonly unknown[]): void {
    this.counts.failed += 1;
    this.failures.push({ ...what, line: `${where}: ${errors.map((error) => inShort(error)).join("; ")}` });
  }

  #add(module: TestModule, test: TestCase): void {
    const result = test.result();
    const where = `${module.relativeModuleId}: ${test.fullName}`;
    const what = { file: module.relativeModuleId, isTest: true };
    if (result.state === "passed") {
      this.counts.passed += 1;
    } else if (result.state === "skipped" && result.note !== undefined) {
      this.counts.skipped += 1;
      process.stdout.write(`skipped: ${where}: ${result.note}\n`);
    } else if (result.state === "skipped") {
      // Also tests that a failed hook kept from running.
      this.#failed(what, where, ["did not run, and no reason given"]);
    } else {
      this.#failed(what, where, result.state === "failed" ? result.errors : ["did not end"]);
    }
  }
}
