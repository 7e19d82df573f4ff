import { configDefaults, defineConfig } from "vitest/config";

// The one default export of the project: Vitest asks for it.
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "boot-image/**/*.test.ts", "test/**/*.test.ts", "tools/**/*.test.ts"],
    // They take half an hour: `npm run test:lab`.
    exclude: [...configDefaults.exclude, "test/lab/**"],
    globalSetup: ["test/support/global-setup.ts"],
    // Processes, not threads: tests send signals, change the working directory, and hold native handles.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    // Each `farrier up` of a test takes a port of its own to boot machines from.
    env: { FARRIER_NETBOOT: "127.0.0.1:0" },
    unstubEnvs: true,
  },
});
