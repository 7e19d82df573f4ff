import { defineConfig, mergeConfig } from "vitest/config";
import common from "./vitest.config.ts";

// What installs operating systems on QEMU machines: one after the other, each takes all that the host has.
export default defineConfig({
  test: {
    ...mergeConfig(common, {}).test,
    include: ["test/lab/**/*.test.ts"],
    exclude: ["**/node_modules/**"],
    maxWorkers: 1,
    fileParallelism: false,
  },
});
