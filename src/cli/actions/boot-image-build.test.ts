import { expect, test } from "vitest";
import type { BootImageBuildOptions } from "../../main/options.ts";
import { runCli } from "../app.ts";
import type { Starters } from "../starters.ts";

/** Runs `farrier boot-image build`; what would be built, and what is printed on standard error. */
async function build(...flags: readonly string[]): Promise<{
  status: number;
  drivers: BootImageBuildOptions["drivers"] | undefined;
  stderr: string;
}> {
  let drivers: BootImageBuildOptions["drivers"] | undefined;
  let stderr = "";
  const starters: Pick<Starters, "bootImageBuild"> = {
    bootImageBuild: (options) => {
      ({ drivers } = options);
      return Promise.resolve(0);
    },
  };
  const status = await runCli(["boot-image", "build", ...flags], {
    starters: starters as Starters,
    stdout: { write: () => undefined },
    stderr: { write: (text) => (stderr += text) },
    env: {},
  });
  return { status, drivers, stderr };
}

test.each([
  [[], "lab"],
  [["--drivers", "lab"], "lab"],
  [["--drivers", "all"], "all"],
] as const)("boot-image build %j builds one with the drivers %s", async (flags, drivers) => {
  expect(await build(...flags)).toEqual({ status: 0, drivers, stderr: "" });
});

test.each([
  ["lab", "lab"],
  ["full", "all"],
] as const)("boot-image build --profile %s still works, and says what it is called now", async (profile, drivers) => {
  expect(await build("--profile", profile)).toEqual({
    status: 0,
    drivers,
    stderr: `farrier: --profile is deprecated, use --drivers ${drivers}\n`,
  });
});

test("boot-image build takes one of --drivers and --profile", async () => {
  const { status, drivers, stderr } = await build("--drivers", "all", "--profile", "lab");
  expect([status, drivers]).toEqual([2, undefined]);
  expect(stderr).toBe("farrier: --profile is the earlier name of --drivers: give --drivers alone\n");
});
