import { defineConfig } from "vitest/config";
import { common } from "./vitest.common.ts";

/** The tests of the console in a real browser, against a real control plane: `npm run test:console`. */
export const browserTests = ["test/console/**/*.test.ts"];

// Few at a time: each has a server, a PostgreSQL and a browser. One more than CI has processors, because tests also wait.
export default defineConfig({
  test: { ...common, globalSetup: ["test/console/support/build.ts"], include: browserTests, maxWorkers: 3 },
});
