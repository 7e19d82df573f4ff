import { configDefaults, defineConfig, type TestProjectConfiguration } from "vitest/config";
import { common } from "./vitest.common.ts";
import { browserTests } from "./vitest.console.config.ts";
import { qemuTests } from "./vitest.lab.config.ts";

/**
 * These share a process and its imported modules: they keep no state in modules, mock none, and change nothing of the
 * process.
 */
const sharing = [
  "src/{contract,janitor,metrics,operator-api,shepherd}/**/*.test.ts",
  "src/{database,netboot}/*.test.ts",
  // Not database/embedded, whose tests start and kill processes.
  "src/database/{backup,connection,heartbeat,queries}/**/*.test.ts",
];

const projects: TestProjectConfiguration[] = [
  {
    test: { ...common, name: "sharing", isolate: false, include: sharing },
  },
  {
    test: {
      ...common,
      name: "alone",
      include: ["{src,boot-image,console,test,tools}/**/*.test.{ts,tsx}"],
      // QEMU machines: `npm run test:lab`. The console in a browser: `npm run test:console`.
      exclude: [...configDefaults.exclude, ...qemuTests, ...browserTests, ...sharing],
    },
  },
];

// The project's one default export, which Vitest requires.
export default defineConfig({
  test: { globalSetup: ["test/support/global-setup.ts"], maxWorkers: 3, projects },
});
