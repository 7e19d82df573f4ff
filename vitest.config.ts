import { configDefaults, defineConfig, type TestProjectConfiguration } from "vitest/config";
import { common } from "./vitest.common.ts";
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
      include: ["{src,boot-image,test,tools}/**/*.test.ts"],
      // QEMU machines: `npm run test:lab`.
      exclude: [...configDefaults.exclude, ...qemuTests, ...sharing],
    },
  },
];

// The project's one default export, which Vitest requires.
export default defineConfig({
  test: { globalSetup: ["test/support/global-setup.ts"], maxWorkers: 3, projects },
});
