import { fileURLToPath } from "node:url";

/** What holds for each test, wherever it runs. */
export const common = {
  // Processes, not threads: tests send signals, change the working directory, and hold native handles.
  pool: "forks",
  // Only what hangs reaches these: a slow host must not fail a test.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  restoreMocks: true,
  env: {
    // Each `farrier up` of a test takes a port of its own to boot machines from.
    FARRIER_NETBOOT: "127.0.0.1:0",
    // Hundreds of times `farrier` is started, from the same sources: compiled once.
    NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/node-compile/", import.meta.url)),
  },
  unstubEnvs: true,
} as const;
