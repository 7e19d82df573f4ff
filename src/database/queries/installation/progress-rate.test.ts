import { expect, test } from "vitest";
import { testFleet, type Fleet, type TestMachine } from "../../../../test/support/fleet.ts";
import { agentKey } from "../../ids.ts";
import { progressFlush } from "./progress-flush.ts";
import { progressRecord, type Phase } from "./progress.ts";

const run = Buffer.from("run");

function reporter(fleet: Fleet, machine: TestMachine) {
  const entry = (phase: Phase, bytesDone: bigint) => ({
    machineId: machine.machineId,
    publicKey: agentKey(machine.agent.publicKey),
    run,
    generation: 1n,
    phase,
    bytesDone,
    bytesTotal: 10_000n,
    detail: "",
  });
  return {
    record: (phase: Phase, bytesDone: bigint) => progressRecord(fleet.database, null, entry(phase, bytesDone)),
    flush: (phase: Phase, bytesDone: bigint) => progressFlush(fleet.database, null, [entry(phase, bytesDone)]),
    /** The last report was this long ago. */
    pass: (seconds: number) =>
      fleet.rows(
        "UPDATE machine_os_installation_progress SET progressed_at = now() - make_interval(secs => $1)",
        seconds,
      ),
    rate: async (): Promise<number | null | undefined> => {
      const [row] = await fleet.rows<{ rate: number | null }>(
        "SELECT bytes_per_second AS rate FROM machine_os_installation_progress",
      );
      return row?.rate;
    },
  };
}

test("the rate is an average of the last seconds, whichever way reports come, and begins anew with a phase", async () => {
  await using fleet = await testFleet();
  const machine = await fleet.add();
  expect(await fleet.request(machine)).toBe(1n);
  const { record, flush, pass, rate } = reporter(fleet, machine);
  await record("writing", 0n);
  expect(await rate()).toBeNull();
  await pass(10);
  await flush("writing", 1_000n);
  expect(await rate()).toBeCloseTo(100, 0);
  await pass(10);
  await record("writing", 4_000n);
  // 300 a second for ten seconds, after 100: 1 - 1/e of the way.
  expect(await rate()).toBeCloseTo(100 + 200 * (1 - Math.exp(-1)), 0);
  // A silence of a day ends in no error of exp().
  await pass(86_400);
  await flush("writing", 4_000n);
  expect(await rate()).toBeCloseTo(0, 5);
  await record("verifying", 0n);
  expect(await rate()).toBeNull();
  await pass(10);
  await flush("verifying", 500n);
  expect(await rate()).toBeCloseTo(50, 0);
  // Begun anew, by the agent itself.
  await pass(10);
  await flush("verifying", 100n);
  expect(await rate()).toBeNull();
});
