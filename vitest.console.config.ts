import { basename } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { common } from "./vitest.common.ts";

/** The tests of the console in a real browser, against a real control plane: `npm run test:console`. */
export const browserTests = ["test/console/**/*.test.ts"];

/** What takes longest, which is begun first: no file runs alone at the end. */
const longest = ["pages", "edges", "install", "session", "rollouts-webhooks", "live", "fleet-pages"];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number =>
      longest.indexOf(basename(moduleId, ".test.ts")) + 1 || longest.length + 1;
    return await Promise.resolve(files.toSorted((one, other) => place(one) - place(other)));
  }
}

// Few at a time: each has a server, a PostgreSQL and a browser. One more than CI has processors, because tests also wait.
export default defineConfig({
  test: {
    ...common,
    globalSetup: ["test/console/support/build.ts"],
    include: browserTests,
    maxWorkers: 3,
    // A worker's files share its modules and its browser.
    isolate: false,
    sequence: { sequencer: LongestFirst },
  },
});
