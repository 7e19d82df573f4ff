import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Phase } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { InstallationSchema, type Installation } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { installDisplay } from "./install-display.ts";

const writing = (bytesDone: bigint): Installation =>
  create(InstallationSchema, { progress: { phase: Phase.WRITING, bytesDone, bytesTotal: 2_000_000_000n } });

function recorder(
  isTTY: boolean,
  columns?: number,
): { text: () => string; output: Parameters<typeof installDisplay>[0] } {
  let text = "";
  return { text: () => text, output: { isTTY, columns, write: (more) => void (text += more) } };
}

let now = 0;
const clock = { monotonic: () => now, sleep: () => Promise.resolve() };

test("away from a terminal a line tells each change, once", () => {
  const { text, output } = recorder(false);
  const display = installDisplay(output, clock);
  display.progress("web1", create(InstallationSchema));
  display.progress("web1", writing(1n));
  display.progress("web1", writing(2n));
  display.waiting("web1", "installed");
  display.waiting("web1", "installed");
  display.line("web1: \u001B[31mnote");
  display.end();
  expect(text()).toBe("web1: waiting for the agent\nweb1: writing\nweb1: installed\nweb1: \uFFFD[31mnote\n");
});

test("on a terminal a line a machine is drawn over and over, with bar, rate and time left, and never wraps", () => {
  const { text, output } = recorder(true, 100);
  const display = installDisplay(output, clock);
  display.progress("web1", writing(500_000_000n));
  now += 1_000;
  display.progress("web1", writing(1_000_000_000n));
  expect(text().split("\u001B[J").at(-1)).toBe(
    "web1: writing [##########----------] 50 % of 2.00 GB, 500 MB/s, 2 s left",
  );
  output.columns = 60;
  display.progress("web2", writing(500_000_000n));
  const lines = (text().split("\u001B[J").at(-1) ?? "").split("\n");
  expect(lines).toHaveLength(2);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(60);
  display.line("note");
  expect(text().split("\u001B[1A\r\u001B[J").at(-1)).toMatch(/^note\nweb1: [^\n]*\nweb2: [^\n]*$/u);
  display.waiting("web1", "installed");
  expect(text().split("\u001B[J").at(-1)).toMatch(/^web1: installed\nweb2: [^\n]*$/u);
  display.finished("web1");
  expect(text().split("\u001B[J").at(-1)).toMatch(/^web2: writing \[#####-{15}\] 25 % of 2\.00 GB/u);
  display.end();
  expect(text().endsWith("\r\u001B[J")).toBe(true);
});
