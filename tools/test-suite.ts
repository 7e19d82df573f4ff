import { createVitest, type TestModule } from "vitest/node";
import { CountingReporter, nameForPattern } from "./test-counts.ts";
import type { LabTest } from "./lab-sample.ts";

/** A test run. */
export interface TestSuite {
  /** Printed before it, and with its time after it. */
  title: string;
  /** Parts of files' paths; none means all files. */
  filters: readonly string[];
  /** Vitest's configuration; absent means the default one. */
  config?: string;
  /** Only tests whose name (with its groups' names before it, joined by blanks) matches. */
  named?: RegExp;
}

/** Runs a suite with the usual output. */
export async function testSuiteRun(suite: TestSuite): Promise<CountingReporter> {
  process.stdout.write(`\n${suite.title}\n`);
  const begun = performance.now();
  const reporter = new CountingReporter(suite.named);
  const vitest = await createVitest("test", {
    watch: false,
    reporters: ["default", reporter],
    ...(suite.config === undefined ? {} : { config: suite.config }),
  });
  try {
    if (suite.named !== undefined) {
      vitest.setGlobalTestNamePattern(suite.named);
    }
    await vitest.start([...suite.filters]);
  } finally {
    await vitest.close();
  }
  process.stdout.write(`time: ${suite.title}: ${Math.round((performance.now() - begun) / 1000)} s\n`);
  return reporter;
}

/** The tests of a Vitest configuration. */
export async function testsCollect(config: string): Promise<LabTest[]> {
  const vitest = await createVitest("test", { watch: false, config });
  try {
    const { testModules } = await vitest.collect();
    return testModules.flatMap((module) => testsIn(module));
  } finally {
    await vitest.close();
  }
}

function testsIn(module: TestModule): LabTest[] {
  return [...module.children.allTests()].map((test) => ({
    file: module.relativeModuleId,
    name: nameForPattern(test.fullName),
  }));
}

/** The name pattern for exactly these tests. */
export function exactly(tests: readonly LabTest[]): RegExp {
  return new RegExp(`^(?:${tests.map(({ name }) => RegExp.escape(name)).join("|")})$`, "u");
}
