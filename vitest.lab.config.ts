import { defineConfig } from "vitest/config";
import { common } from "./vitest.common.ts";

/** The tests with QEMU machines, which take half an hour: `npm run test:lab`. */
export const qemuTests = [
  "test/lab/**/*.test.ts",
  "test/e2e/{boot-image,lab,medium-qemu,netboot-qemu,tiny-image}.test.ts",
];

// One after the other, because each uses all of the host.
export default defineConfig({
  test: {
    ...common,
    globalSetup: ["test/support/global-setup.ts"],
    include: qemuTests,
    maxWorkers: 1,
    fileParallelism: false,
  },
});
