import { inspect } from "node:util";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** The result of a test run. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
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
  /** A line for each failure, repeated at the end, which remains of a truncated log. */
  readonly failures: string[] = [];
  readonly #named: RegExp | undefined;

  /** @param named the run's name pattern: tests with other names do not count */
  constructor(named?: RegExp) {
    this.#named = named;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    for (const error of unhandledErrors) {
      this.#failed("outside of any test", [error]);
    }
    for (const module of modules) {
      // A file or a group that failed outside its tests: an import, a hook.
      for (const error of module.errors()) {
        this.#failed(module.relativeModuleId, [error]);
      }
      for (const suite of module.children.allSuites()) {
        for (const error of suite.errors()) {
          this.#failed(`${module.relativeModuleId}: ${suite.fullName}`, [error]);
        }
      }
      for (const test of module.children.allTests()) {
        if (this.#named?.test(nameForPattern(test.fullName)) !== false) {
          this.#add(module, test);
        }
      }
    }
  }

  #failed(where: string, errors: readonly unknown[]): void {
    this.counts.failed += 1;
    this.failures.push(`failed: ${where}: ${errors.map((error) => inShort(error)).join("; ")}`);
  }

  #add(module: TestModule, test: TestCase): void {
    const result = test.result();
    const where = `${module.relativeModuleId}: ${test.fullName}`;
    if (result.state === "passed") {
      this.counts.passed += 1;
    } else if (result.state === "skipped" && result.note !== undefined) {
      this.counts.skipped += 1;
      process.stdout.write(`skipped: ${where}: ${result.note}\n`);
    } else if (result.state === "skipped") {
      // Also tests that a failed hook kept from running.
      this.#failed(where, ["did not run, and no reason given"]);
    } else {
      this.#failed(where, result.state === "failed" ? result.errors : ["did not end"]);
    }
  }
}
