import { expect, test } from "vitest";
import { cloudInitLook } from "./cloud-init-look.ts";

test("without debugfs it is said why nothing was looked into", async () => {
  expect(await cloudInitLook("/dev/null", 0, "/nonexistent")).toEqual({
    cloudInit: "not-looked-into",
    note: "debugfs is not on this host (Debian: e2fsprogs), so its files were not looked into",
  });
});
