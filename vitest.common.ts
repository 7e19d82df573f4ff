import { fileURLToPath } from "node:url";

/** Settings for every test. */
export const common = {
  // Processes, not threads: tests send signals, change the working directory, and hold native handles.
  pool: "forks",
  // Only a hanging test reaches these: a slow host must not fail a test.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  restoreMocks: true,
  env: {
    // Each `farrier up` in a test uses its own port for network boot.
    FARRIER_NETBOOT: "127.0.0.1:0",
    // `farrier` is started hundreds of times from the same sources: compiled once.
    NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/node-compile/", import.meta.url)),
  },
  unstubEnvs: true,
} as const;
