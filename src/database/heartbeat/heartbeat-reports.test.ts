// What a report, a hand-out and a hardware report do, one machine at a time.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Fleet, TestMachine } from "../../../test/support/fleet.ts";
import { heartbeatFleet, type HeartbeatFleet } from "../../../test/support/heartbeats.ts";
import { writerSilence } from "../../../test/support/writer-silence.ts";
import { agentKey } from "../ids.ts";
import { type Phase, progressRecord } from "../queries/installation/progress.ts";
import { runsExhausted } from "./heartbeat-fragments.ts";

let it: HeartbeatFleet;
let fleet: Fleet;
beforeAll(async () => {
  it = await heartbeatFleet();
  ({ fleet } = it);
});
afterAll(async () => await it[Symbol.asyncDispose]());

/** History without how the machine came to be. */
async function told(machine: TestMachine): Promise<string[]> {
  return (await fleet.history(machine)).slice(2);
}

/** The generation that is installed, the stored final result, and whether the machine is pending. */
async function standing(machine: TestMachine): Promise<string> {
  const [row] = await fleet.rows<{
    installed: bigint | null;
    reported: bigint | null;
    result: string;
    pending: boolean;
  }>(
    `SELECT d.generation AS installed, r.generation AS reported, r.result, installation_pending(q.generation, r.generation) AS pending
     FROM machines m LEFT JOIN machine_os_installation_request q USING (machine_id)
     LEFT JOIN machine_os_installation_report r USING (machine_id) LEFT JOIN machine_os_installed d USING (machine_id)
     WHERE machine_id = $1`,
    machine.machineId,
  );
  if (row === undefined) {
    throw new Error("the machine is gone");
  }
  const { installed, reported, result, pending } = row;
  return [
    `installed ${installed ?? "-"}`,
    `result ${reported ?? "-"} ${result ?? "-"}`,
    pending ? "pending" : "not pending",
  ].join(", ");
}

async function progress(machine: TestMachine, generation: bigint, phase: Phase, run?: Uint8Array): Promise<bigint> {
  const outcome = await progressRecord(fleet.database, it.sessions.current() ?? null, {
    machineId: machine.machineId,
    publicKey: agentKey(machine.agent.publicKey),
    run: run ?? machine.agent.publicKey,
    generation,
    phase,
    bytesDone: 0n,
    bytesTotal: 0n,
    detail: "",
  });
  return outcome.status === "ok" ? (outcome.cancelledGeneration ?? 0n) : -1n;
}

describe("late reports", () => {
  test("122 after 123: the fulfilled one is not brought back", async () => {
    const machine = await fleet.add();
    await fleet.request(machine, { generation: 122n });
    await fleet.request(machine, { generation: 123n, replace: 122n });
    expect(await it.say(machine)).toBe("ok 123");
    expect(await it.say(machine, { report: 123n })).toBe("ok");
    for (let again = 0; again < 2; again += 1) {
      expect(await it.say(machine, { report: 122n })).toBe("ok");
      expect(await standing(machine)).toBe("installed 123, result 123 success, not pending");
    }
    expect((await told(machine)).slice(-2)).toEqual(["installation_succeeded 123", "report_late 122"]);
  });

  test("C8: 999 before 123: a generation never asked for changes nothing, the first report of each is kept", async () => {
    const machine = await fleet.add();
    await fleet.request(machine, { generation: 123n });
    expect(await it.say(machine, { report: 999n })).toBe("ok 123 unasked");
    expect(await it.say(machine, { report: [998n, "e"] })).toBe("ok 123 unasked");
    expect(await it.say(machine, { report: 998n })).toBe("ok 123 unasked");
    expect(await it.say(machine, { report: 999n })).toBe("ok 123 unasked");
    expect(await it.say(machine, { report: 7n })).toBe("ok 123 unasked");
    expect(await it.say(machine, { report: 0n })).toBe("ok 123 unasked");
    expect(await standing(machine)).toBe("installed -, result - -, pending");
    expect(await it.say(machine, { report: 123n })).toBe("ok");
    expect(await told(machine)).toEqual([
      "installation_requested 123",
      "report_unasked 999",
      "installation_handed_out 123",
      "report_unasked 998",
      "report_unasked 7",
      "report_unasked 0",
      "installation_succeeded 123",
    ]);
    // Asked for later, it counts like any other.
    await fleet.request(machine, { generation: 999n });
    expect(await it.say(machine)).toBe("ok 999");
    expect(await it.say(machine, { report: 999n })).toBe("ok");
  });

  test("C8: an agent's reports of generations without end leave 200 entries a day", async () => {
    const machine = await fleet.add();
    await fleet.rows(
      `INSERT INTO history (machine_id, actor_kind, actor, generation, event)
       SELECT $1, 'agent', 'x', n, 'report_unasked' FROM generate_series(1, 190) n`,
      machine.machineId,
    );
    for (let turn = 191n; turn <= 220n; turn += 1n) {
      expect(await it.say(machine, { report: turn })).toBe("ok unasked");
    }
    expect(await told(machine)).toHaveLength(200);
    // What another machine's agent says has its own room, and what was asked for is always told.
    const other = await fleet.add();
    expect(await it.say(other, { report: 1n })).toBe("ok unasked");
    expect(await told(other)).toEqual(["report_unasked 1"]);
    await fleet.request(machine, { generation: 1_000n });
    expect(await it.say(machine)).toBe("ok 1000");
    expect(await it.say(machine, { report: 1_000n })).toBe("ok");
    expect((await told(machine)).at(-1)).toBe("installation_succeeded 1000");
  });

  test("C8: hardware that changes without end leaves 200 entries a day; the report itself is kept", async () => {
    const machine = await fleet.add();
    await fleet.rows(
      `INSERT INTO history (machine_id, actor_kind, actor, event)
       SELECT $1, 'agent', 'x', 'hardware_reported' FROM generate_series(1, 199)`,
      machine.machineId,
    );
    for (const hardware of ["a", "b", "c"]) {
      expect(await it.say(machine, { hardware })).toBe("ok");
    }
    expect(await told(machine)).toHaveLength(200);
    expect(
      await fleet.rows("SELECT report_number FROM machine_hardware_report WHERE machine_id = $1", machine.machineId),
    ).toEqual([{ report_number: 3n }]);
  });

  test("C8: the room is a sliding window: entries of the day before take none of it", async () => {
    const machine = await fleet.add();
    await fleet.rows(
      `INSERT INTO history (machine_id, actor_kind, actor, generation, event, at)
       SELECT $1, 'agent', 'x', n, 'report_unasked', now() - interval '25 hours' FROM generate_series(1, 200) n`,
      machine.machineId,
    );
    expect(await it.say(machine, { report: 5n })).toBe("ok unasked");
    expect(await it.say(machine, { report: 201n })).toBe("ok unasked");
    expect((await told(machine)).filter((entry) => entry === "report_unasked 5")).toHaveLength(1);
    expect(await told(machine)).toContain("report_unasked 201");
  });

  test("123 after 124: the current request is not hidden", async () => {
    const machine = await fleet.add();
    await fleet.request(machine, { generation: 123n });
    expect(await it.say(machine)).toBe("ok 123");
    await fleet.request(machine, { generation: 124n, replace: 123n });
    expect(await it.say(machine, { report: 123n })).toBe("ok 124");
    expect(await it.say(machine, { report: [123n, "and once more, otherwise"] })).toBe("ok 124");
    expect(await standing(machine)).toBe("installed -, result - -, pending");
    expect(await it.say(machine, { report: 124n })).toBe("ok");
    expect(await it.say(machine, { report: 123n })).toBe("ok");
    expect(await standing(machine)).toBe("installed 124, result 124 success, not pending");
    expect(await told(machine)).toEqual([
      "installation_requested 123",
      "installation_handed_out 123",
      "installation_replaced 123",
      "installation_requested 124",
      // Its own report first, in one statement with what it is told.
      "report_late 123",
      "installation_handed_out 124",
      "report_late 123",
      "installation_succeeded 124",
    ]);
  });

  test("the same twice: answered OK, kept once", async () => {
    const machine = await fleet.add();
    for (const report of [1n, [2n, "broken"]] as const) {
      await fleet.request(machine);
      const before = (await told(machine)).length;
      expect(await it.say(machine, { report: report as bigint })).toBe("ok");
      expect(await it.say(machine, { report: report as bigint })).toBe("ok");
      expect(await told(machine)).toHaveLength(before + 1);
    }
    expect(await standing(machine)).toBe("installed 1, result 2 error, not pending");
  });

  test("the first result wins: error after success, success after error, either after a cancellation", async () => {
    const results = { success: 1n, error: [1n, "e"], cancelled: undefined } as const;
    for (const [first, report] of Object.entries(results)) {
      const machine = await fleet.add();
      await fleet.request(machine);
      await (report === undefined ? fleet.cancel(machine) : it.say(machine, { report: report as bigint }));
      const before = await standing(machine);
      const calledOff = first === "cancelled" ? "ok cancelled 1" : "ok";
      for (let again = 0; again < 2; again += 1) {
        // The agent that reports on it knows that it is over.
        expect(await it.say(machine, { report: 1n })).toBe("ok");
        expect(await it.say(machine, { report: [1n, "e"] })).toBe("ok");
        expect(await it.say(machine)).toBe(calledOff);
      }
      expect(await standing(machine)).toBe(before);
      expect((await told(machine)).filter((line) => line === "report_late 1")).toHaveLength(
        first === "cancelled" ? 2 : 1,
      );
    }
  });

  test("a failed generation stays failed, and what was installed before its disk was touched stays", async () => {
    const machine = await fleet.add();
    const run = randomBytes(16);
    await fleet.request(machine);
    await it.say(machine, { run, report: 1n });
    await fleet.request(machine);
    expect(await it.say(machine, { run })).toBe("ok 2");
    expect(await progress(machine, 2n, "selecting-disk", run)).toBe(0n);
    expect(await it.say(machine, { run, report: [2n, "no such disk"] })).toBe("ok");
    expect(await it.say(machine, { run: randomBytes(16) })).toBe("ok");
    expect(await standing(machine)).toBe("installed 1, result 2 error, not pending");
  });
});

describe("installed", () => {
  test("goes when WRITING is acknowledged, and comes back with the success", async () => {
    const machine = await fleet.add();
    const run = randomBytes(16);
    await fleet.request(machine, { digest: "sha256:first" });
    await it.say(machine, { run });
    await it.say(machine, { run, report: 1n });
    expect(
      await fleet.rows("SELECT digest FROM machine_os_installed WHERE machine_id = $1", machine.machineId),
    ).toEqual([{ digest: "sha256:first" }]);
    await fleet.request(machine);
    expect(await it.say(machine, { run })).toBe("ok 2");
    expect(await standing(machine)).toBe("installed 1, result 1 success, pending");
    expect(await progress(machine, 1n, "writing", run)).toBe(1n);
    expect(await progress(machine, 3n, "writing", run)).toBe(3n);
    expect(await standing(machine)).toBe("installed 1, result 1 success, pending");
    expect(await progress(machine, 2n, "writing", run)).toBe(0n);
    expect(await standing(machine)).toBe("installed -, result 1 success, pending");
    expect(await it.say(machine, { run, report: 2n })).toBe("ok");
    expect(await progress(machine, 2n, "rebooting", run)).toBe(0n);
    // Another run that was handed it as well must not write over it.
    expect(await progress(machine, 2n, "selecting-disk", randomBytes(16))).toBe(2n);
    expect(await progress(machine, 2n, "writing", randomBytes(16))).toBe(2n);
    expect(await standing(machine)).toBe("installed 2, result 2 success, not pending");
  });

  test("goes at the hand-out for an agent without a run id, and only at the first one", async () => {
    const machine = await fleet.add();
    await fleet.request(machine);
    await it.say(machine, { report: 1n });
    await fleet.request(machine);
    expect(await standing(machine)).toBe("installed 1, result 1 success, pending");
    expect(await it.say(machine)).toBe("ok 2");
    expect(await standing(machine)).toBe("installed -, result 1 success, pending");
    expect(await it.say(machine)).toBe("ok 2");
    expect((await told(machine)).slice(-2)).toEqual(["installation_handed_out 2", "installed_removed 2"]);
  });

  test("stays when the newer request is cancelled first; WRITING after that is not acknowledged", async () => {
    const machine = await fleet.add();
    const run = randomBytes(16);
    await fleet.request(machine);
    await it.say(machine, { run, report: 1n });
    await fleet.request(machine);
    await it.say(machine, { run });
    await fleet.cancel(machine);
    expect(await progress(machine, 2n, "writing", run)).toBe(2n);
    expect(await it.say(machine, { run })).toBe("ok cancelled 2");
    expect(await standing(machine)).toBe("installed 1, result 2 cancelled, not pending");
  });

  test("is not written by a success that came after another result, or for a replaced generation", async () => {
    const machine = await fleet.add();
    await fleet.request(machine);
    await fleet.cancel(machine);
    await it.say(machine, { report: 1n });
    await fleet.request(machine);
    await fleet.request(machine, { replace: 2n });
    await it.say(machine, { report: 2n });
    expect(await standing(machine)).toBe("installed -, result 1 cancelled, pending");
  });
});

describe("runs", () => {
  test("three are handed the request, as often as they ask; the fourth ends the generation", async () => {
    const machine = await fleet.add();
    const [first, second, third, fourth] = [randomBytes(16), randomBytes(16), randomBytes(16), randomBytes(16)];
    await fleet.request(machine);
    for (const run of [first, second, first, third, second, third]) {
      expect(await it.say(machine, { run })).toBe("ok 1");
    }
    expect(await it.say(machine, { run: fourth })).toBe("ok cancelled 1");
    expect(await it.say(machine, { run: first })).toBe("ok cancelled 1");
    expect(await progress(machine, 1n, "writing", first)).toBe(1n);
    expect(await standing(machine)).toBe("installed -, result 1 error, not pending");
    expect(
      await fleet.rows(
        "SELECT error, reported_by FROM machine_os_installation_report WHERE machine_id = $1",
        machine.machineId,
      ),
    ).toEqual([{ error: runsExhausted, reported_by: "system" }]);
    expect(await told(machine)).toEqual([
      "installation_requested 1",
      "installation_handed_out 1",
      "installation_handed_out 1",
      "agent_duplicate",
      "installation_handed_out 1",
      "installation_failed 1",
    ]);
    // The next generation starts afresh.
    await fleet.request(machine);
    expect(await it.say(machine, { run: fourth })).toBe("ok 2");
  });

  test("without a run id the key counts as one, a replaced key as another", async () => {
    const machine = await fleet.add();
    await fleet.request(machine);
    expect(await it.say(machine)).toBe("ok 1");
    expect(await it.say(machine)).toBe("ok 1");
    for (let other = 0; other < 2; other += 1) {
      machine.agent = await fleet.rekey(machine);
      // It would write at once: not before the one before it is over.
      expect(await it.say(machine)).toBe("ok");
      await writerSilence(fleet, machine);
      expect(await it.say(machine)).toBe("ok 1");
    }
    machine.agent = await fleet.rekey(machine);
    await writerSilence(fleet, machine);
    expect(await it.say(machine)).toBe("ok cancelled 1");
    expect(await standing(machine)).toBe("installed -, result 1 error, not pending");
  });

  test("four at once: three are handed it, one ends it", async () => {
    const machine = await fleet.add();
    await fleet.request(machine);
    const words = await Promise.all(Array.from({ length: 4 }, () => it.say(machine, { run: randomBytes(16) })));
    // They take turns: the fourth finds three before it.
    expect(words.toSorted()).toEqual(["ok 1", "ok 1", "ok 1", "ok cancelled 1"]);
    expect((await told(machine)).filter((line) => line === "installation_handed_out 1")).toHaveLength(3);
  });

  test("a fourth that brings the result is heard, not ended", async () => {
    const machine = await fleet.add();
    await fleet.request(machine);
    for (let run = 0; run < 3; run += 1) {
      await it.say(machine, { run: randomBytes(16) });
    }
    expect(await it.say(machine, { run: randomBytes(16), report: 1n })).toBe("ok");
    expect(await standing(machine)).toBe("installed 1, result 1 success, not pending");
  });

  test("a request that is replaced in the moment it is handed out: the next heartbeat brings the new one", async () => {
    const machine = await fleet.add();
    await fleet.request(machine);
    const [words] = await Promise.all([it.say(machine), fleet.request(machine, { replace: 1n })]);
    expect(["ok", "ok 1", "ok 2"]).toContain(words);
    expect(await it.say(machine)).toBe("ok 2");
    expect(
      await fleet.rows("SELECT generation FROM machine_os_installation_run WHERE machine_id = $1", machine.machineId),
    ).toEqual([{ generation: 2n }]);
  });
});

describe("hardware reports", () => {
  const stored = async (machine: TestMachine): Promise<string[]> =>
    (
      await fleet.rows<{ number: bigint; raw: Buffer }>(
        `SELECT report_number AS number, hardware_report_raw AS raw FROM machine_hardware_report WHERE machine_id = $1
         UNION ALL SELECT report_number, hardware_report_raw FROM machine_hardware_report_earlier WHERE machine_id = $1
         ORDER BY number DESC`,
        machine.machineId,
      )
    ).map(({ number, raw }) => `${number} ${raw.toString()}`);

  test("are stored when they changed, each with a history entry; the last 20 are kept", async () => {
    const machine = await fleet.add();
    for (let report = 1; report <= 25; report += 1) {
      expect(await it.say(machine, { hardware: `h${report}` })).toBe("ok");
      expect(await it.say(machine, { hardware: `h${report}` })).toBe("ok");
    }
    expect(await stored(machine)).toEqual(Array.from({ length: 20 }, (_none, index) => `${25 - index} h${25 - index}`));
    expect(await told(machine)).toEqual(Array.from({ length: 25 }, () => "hardware_reported"));
  });

  test("going back to an earlier one is a change", async () => {
    const machine = await fleet.add();
    for (const hardware of ["a", "b", "a"]) {
      await it.say(machine, { hardware });
    }
    expect(await stored(machine)).toEqual(["3 a", "2 b", "1 a"]);
  });
});
