import { expect, test } from "vitest";
import { runTool, runToolFor } from "./tool.ts";

test("a program's output is heard whatever its exit status", async () => {
  expect(await runTool("sh", ["-c", "printf said; exit 4"])).toEqual({ kind: "ran", output: Buffer.from("said") });
});

test("a program that is not there is told as that", async () => {
  expect(await runTool("farrier-no-such-program", [])).toEqual({ kind: "absent" });
});

test("a tool that hangs is stopped, and so is a tool that writes without end", async () => {
  expect(await runToolFor(300, "sleep", ["600"])).toEqual({
    kind: "failed",
    message: "sleep was stopped: it took too long or wrote too much",
  });
  expect(await runTool("head", ["-c", "5000000", "/dev/zero"])).toMatchObject({ kind: "failed" });
});
