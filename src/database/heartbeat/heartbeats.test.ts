// How heartbeats are gathered, and what one of them, or the database, can do to the others.
import { randomBytes, randomUUID } from "node:crypto";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { type Fleet, heldConnection, requestRaw, type TestMachine } from "../../../test/support/fleet.ts";
import { heartbeatFleet, type Said } from "../../../test/support/heartbeats.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { ed25519KeyPair } from "../../lib/tls/ed25519.ts";
import { agentKey, machineId } from "../ids.ts";
import { machineLock } from "../machine-lock.ts";
import { agentKeySet } from "../queries/agent/agent.ts";
import { type Tx, transact } from "../transaction.ts";

const stranger = ed25519KeyPair().publicKey;

async function waitingForLock(fleet: Fleet): Promise<void> {
  await waitFor("a batch to wait for a lock", async () => {
    const waiting = await fleet.rows(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
       AND application_name = 'farrier heartbeats'`,
    );
    return waiting.length > 0;
  });
}

test("a heartbeat of a key that is being replaced is not one of the new agent", async () => {
  await using it = await heartbeatFleet({ slots: 1 });
  const machine = await it.fleet.add();
  const { machineId: id } = machine;
  const [first, second] = [ed25519KeyPair().publicKey, ed25519KeyPair().publicKey];
  const isHeard = async (): Promise<boolean> => {
    const rows = await it.fleet.rows(
      `SELECT FROM machine_agent_heartbeat h JOIN machine_agent_started a USING (machine_id)
       WHERE machine_id = $1 AND h.agent_heartbeat_at >= a.agent_started_at`,
      id,
    );
    return rows.length > 0;
  };
  const replace = (by: Uint8Array, meanwhile: (set: () => Promise<unknown>) => Promise<void>): Promise<void> =>
    transact(it.fleet.database, null, async (tx: Tx) => {
      await machineLock(tx, id);
      await meanwhile(() => agentKeySet(tx, { machineId: id, publicKey: agentKey(by), replace: true }));
    });
  expect([await it.say(machine), await isHeard()]).toEqual(["ok", true]);
  // It begins after the replacement has begun, and ends before the key is set.
  await replace(first, async (set) => {
    expect(await it.say(machine)).toBe("ok");
    await set();
  });
  expect(await isHeard()).toBe(false);
  expect([await it.say(machine, { key: first }), await isHeard()]).toEqual(["ok", true]);
  // It looks for the key before the replacement is committed, and writes afterwards.
  let late: Promise<string> | undefined;
  await replace(second, async (set) => {
    await set();
    late = it.say(machine, { key: first });
    await waitingForLock(it.fleet);
  });
  expect([await late, await isHeard()]).toEqual(["ok", false]);
  expect([await it.say(machine, { key: first }), await isHeard()]).toEqual(["unauthenticated", false]);
  expect([await it.say(machine, { key: second }), await isHeard()]).toEqual(["ok", true]);
});

describe("batches", () => {
  test("what arrives together leaves together, each with its own answer", async () => {
    await using it = await heartbeatFleet({ slots: 1 });
    const machines = await Promise.all(Array.from({ length: 30 }, () => it.fleet.add()));
    const asked = machines.filter((_machine, index) => index % 3 === 0);
    await Promise.all(asked.map((machine, index) => it.fleet.request(machine, { generation: BigInt(100 + index) })));
    const answers = await Promise.all(machines.map((machine) => it.say(machine)));
    expect(answers).toEqual(machines.map((_machine, index) => (index % 3 === 0 ? `ok ${100 + index / 3}` : "ok")));
    // The ten that were handed a request took the machines' locks in a second batch.
    expect(it.batches).toEqual([30, 10]);
  });

  test("a batch itself says whose agents fetch from mirrors, in each of its statements", async () => {
    await using it = await heartbeatFleet({ slots: 1 });
    const machines = await Promise.all(Array.from({ length: 30 }, () => it.fleet.add()));
    const runs = machines.map(() => randomBytes(16));
    const all = async (said: (index: number) => Said, look = false) => {
      const outcomes = machines.map((machine, index) => it.beat(machine, { run: runs[index], ...said(index), look }));
      return (await Promise.all(outcomes)).map((outcome) => outcome.status === "ok" && outcome.request?.mirrors);
    };
    const wanted = machines.map((_machine, index) => index % 3 === 0);
    const features = (index: number) => (index % 3 === 0 ? ["seed", "mirror"] : ["seed"]);
    await all((index) => ({ features: features(index) }));
    await Promise.all(machines.map((machine) => it.fleet.request(machine)));
    it.batches.length = 0;
    // Handed out, and told again by a heartbeat, a look, a heartbeat with a report, and one with features that are stored by it.
    expect(await all(() => ({}))).toEqual(wanted);
    expect(it.batches).toEqual([30, 30]);
    expect(await all(() => ({}))).toEqual(wanted);
    expect(await all(() => ({}), true)).toEqual(wanted);
    expect(await all(() => ({ hardware: "mine" }))).toEqual(wanted);
    expect(await all((index) => ({ features: features(index + 1) }))).toEqual(
      machines.map((_machine, index) => index % 3 === 2),
    );
    // Features of an earlier agent say nothing about the next one.
    const agent = await it.fleet.rekey(machines[2] as TestMachine);
    expect(await it.beat(machines[2] as TestMachine, { key: agent.publicKey, run: randomBytes(16) })).toMatchObject({
      request: { mirrors: false },
    });
  });

  test("two entries of a machine: the second waits for the next batch, both are answered", async () => {
    await using it = await heartbeatFleet({ slots: 1 });
    const machine = await it.fleet.add();
    expect(await Promise.all([it.say(machine), it.say(machine), it.say(machine)])).toEqual(["ok", "ok", "ok"]);
    expect(it.batches).toEqual([1, 1, 1]);
    await it.fleet.request(machine);
    expect(await Promise.all([it.say(machine, { report: 1n }), it.say(machine, { report: [1n, "late"] })])).toEqual([
      "ok",
      "ok",
    ]);
    expect(await it.fleet.history(machine)).toEqual([
      "machine_added",
      "agent_registered",
      "installation_requested 1",
      "installation_succeeded 1",
      "report_late 1",
    ]);
  });

  test("a stranger's entry in the batch is refused, and costs the machine that it names nothing", async () => {
    await using it = await heartbeatFleet({ slots: 1 });
    const [machine, other] = [await it.fleet.add(), await it.fleet.add()];
    await it.fleet.request(machine);
    const unknown = { ...machine, machineId: machineId(randomUUID()) };
    const said = { report: 1n, hardware: "strange" };
    const answers = await Promise.all([
      it.say(machine, { ...said, key: stranger }),
      it.say(machine, { hardware: "mine" }),
      it.say(other, { ...said, key: machine.agent.publicKey }),
      it.say(unknown, said),
      it.say(machine, { key: stranger }),
      it.say(other),
    ]);
    expect(answers).toEqual(["unauthenticated", "ok 1", "unauthenticated", "unauthenticated", "unauthenticated", "ok"]);
    expect(it.batches.toSorted((one, next) => one - next)).toEqual([1, 2, 4]);
    expect(await it.fleet.rows("SELECT hardware_report_raw FROM machine_hardware_report")).toEqual([
      { hardware_report_raw: Buffer.from("mine") },
    ]);
  });

  test("too many waiting: the rest is unavailable at once", async () => {
    await using it = await heartbeatFleet({ slots: 1, maximumWaiting: 3 });
    const machines = await Promise.all(Array.from({ length: 5 }, () => it.fleet.add()));
    expect(await Promise.all(machines.map((machine) => it.say(machine)))).toEqual([
      "ok",
      "ok",
      "ok",
      "unavailable",
      "unavailable",
    ]);
  });

  test("at the end all that was taken is answered", async () => {
    const it = await heartbeatFleet();
    const machines = await Promise.all(Array.from({ length: 20 }, () => it.fleet.add()));
    const answers = Promise.all(machines.map((machine) => it.say(machine, { hardware: "h" })));
    await it[Symbol.asyncDispose]();
    expect(new Set(await answers)).toEqual(new Set(["ok"]));
  });
});

describe("a locked machine", () => {
  test("delays its own reports only, not strangers who name it, nor its plain heartbeats, nor others", async () => {
    await using it = await heartbeatFleet();
    const [machine, other] = [await it.fleet.add(), await it.fleet.add()];
    await using holder = await heldConnection(it.fleet.test);
    await holder.query("BEGIN");
    await holder.query("SELECT FROM machines WHERE machine_id = $1 FOR NO KEY UPDATE", [machine.machineId]);
    let late = "not yet";
    const held = it.say(machine, { hardware: "h" }).then((answer) => (late = answer));
    await waitingForLock(it.fleet);
    expect(await it.say(machine, { report: 1n, hardware: "x", key: stranger })).toBe("unauthenticated");
    expect(await it.say(machine)).toBe("ok");
    expect(await it.say(other, { hardware: "h" })).toBe("ok");
    expect(late).toBe("not yet");
    await holder.query("ROLLBACK");
    await held;
    expect(late).toBe("ok");
  });

  test("that stays locked is unavailable after a while, the others of its batch are not", async () => {
    await using it = await heartbeatFleet({ slots: 1 });
    const [machine, other] = [await it.fleet.add(), await it.fleet.add()];
    await using holder = await heldConnection(it.fleet.test);
    await holder.query("BEGIN");
    await holder.query("SELECT FROM machines WHERE machine_id = $1 FOR NO KEY UPDATE", [machine.machineId]);
    expect(await Promise.all([it.say(machine, { hardware: "h" }), it.say(other, { hardware: "h" })])).toEqual([
      "unavailable",
      "ok",
    ]);
    await holder.query("ROLLBACK");
    expect(await it.say(machine, { hardware: "h" })).toBe("ok");
  });
});

describe("a bad row", () => {
  test("costs nobody else their heartbeat", async () => {
    await using it = await heartbeatFleet({ slots: 1 });
    const machines = await Promise.all(Array.from({ length: 6 }, () => it.fleet.add()));
    const bad = machines[3];
    if (bad === undefined) {
      throw new Error("unreachable");
    }
    await it.fleet.rows(
      `CREATE FUNCTION test_bad() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF NEW.machine_id = '${bad.machineId}' THEN RAISE EXCEPTION 'a bad row'; END IF;
         RETURN NEW;
       END $$`,
    );
    await it.fleet.rows(
      "CREATE TRIGGER test_bad BEFORE INSERT ON machine_agent_heartbeat FOR EACH ROW EXECUTE FUNCTION test_bad()",
    );
    const expected = machines.map((machine) => (machine === bad ? "unavailable" : "ok"));
    expect(await Promise.all(machines.map((machine) => it.say(machine)))).toEqual(expected);
    expect(it.singles()).toBe(6);
    expect(await Promise.all(machines.map((machine) => it.say(machine, { hardware: "h", report: 3n })))).toEqual(
      expected.map((words) => (words === "ok" ? "ok unasked" : words)),
    );
    expect(await it.fleet.rows("SELECT FROM machine_hardware_report")).toHaveLength(5);
    await it.fleet.rows("DROP TRIGGER test_bad ON machine_agent_heartbeat");
    expect(await it.say(bad)).toBe("ok");
  });

  test("whose request can't even be read by the database: the heartbeat is recorded without it", async () => {
    await using it = await heartbeatFleet({ slots: 1 });
    const [bad, good] = [await it.fleet.add(), await it.fleet.add()];
    await it.fleet.request(bad, {
      raw: Buffer.concat([
        requestRaw(1n),
        new BinaryWriter().tag(500, WireType.LengthDelimited).bytes(randomBytes(10_000)).finish(),
      ]),
    });
    await it.fleet.request(good);
    // A damaged page: the bytes, which are too long for the row, are gone from where they were put.
    const [toast] = await it.fleet.rows<{ oid: number; name: string }>(
      `SELECT reltoastrelid AS oid, reltoastrelid::regclass::text AS name FROM pg_class
       WHERE oid = 'machine_os_installation_request'::regclass`,
    );
    await it.fleet.rows("UPDATE pg_class SET relkind = 'r' WHERE oid = $1", toast?.oid);
    expect(await it.fleet.rows(`DELETE FROM ${toast?.name ?? ""} RETURNING chunk_seq`)).not.toEqual([]);
    await it.fleet.rows("UPDATE pg_class SET relkind = 't' WHERE oid = $1", toast?.oid);
    // Deleted chunks are read until they are swept up.
    await it.fleet.rows("VACUUM machine_os_installation_request");
    expect(await Promise.all([it.say(bad), it.say(good)])).toEqual(["ok unreadable", "ok 1"]);
    expect(await it.fleet.rows("SELECT FROM machine_agent_heartbeat")).toHaveLength(2);
    expect(await it.say(bad, { hardware: "h" })).toBe("ok unreadable");
    expect(await it.say(bad, { report: [1n, "no request came"] })).toBe("ok");
    expect((await it.fleet.history(bad)).at(-1)).toBe("installation_failed 1");
  });

  test("stored requests that are no message, empty, or another generation's are not handed out", async () => {
    await using it = await heartbeatFleet();
    for (const raw of [Buffer.from([0xff]), Buffer.alloc(0), requestRaw(2n), Buffer.from([0x12, 0x7f])]) {
      const machine = await it.fleet.add();
      await it.fleet.request(machine, { raw });
      expect(await it.say(machine, { hardware: "h", report: 7n })).toBe("ok unreadable unasked");
      expect(
        await it.fleet.rows("SELECT FROM machine_os_installation_run WHERE machine_id = $1", machine.machineId),
      ).toEqual([]);
      expect(await it.say(machine, { report: 1n })).toBe("ok");
      expect((await it.fleet.history(machine)).at(-1)).toBe("installation_succeeded 1");
    }
  });
});

describe("unavailable, never unauthenticated", () => {
  test("while the session is dead", async () => {
    await using it = await heartbeatFleet();
    const machine = await it.fleet.add();
    await it.fleet.rows("UPDATE sessions SET session_deadline = now()");
    const all = [{}, { hardware: "h" }, { key: stranger }, { key: stranger, hardware: "h" }, { report: 1n }];
    for (const said of all) {
      expect(await it.say(machine, said)).toBe("unavailable");
    }
    expect(await it.fleet.rows("SELECT FROM machine_agent_heartbeat")).toEqual([]);
    expect(await it.fleet.rows("SELECT FROM machine_hardware_report")).toEqual([]);
  });

  test("while there is no session, then served again with the next one", async () => {
    await using it = await heartbeatFleet();
    const machine = await it.fleet.add();
    const session = it.sessions.current();
    await it.fleet.rows("DELETE FROM sessions");
    expect(await it.say(machine)).toBe("unavailable");
    expect(session?.id).toBeDefined();
  });

  test("while the database is away", async () => {
    await using it = await heartbeatFleet({ address: { host: "127.0.0.1", port: 1, user: "x", database: "x" } });
    const machine = await it.fleet.add();
    expect(await Promise.all([it.say(machine), it.say(machine, { hardware: "h" })])).toEqual([
      "unavailable",
      "unavailable",
    ]);
    expect(it.singles()).toBe(0);
  });

  test("when it goes away in the middle of a batch; nothing of it is written; the next one is served", async () => {
    await using it = await heartbeatFleet();
    const machine = await it.fleet.add();
    await using holder = await heldConnection(it.fleet.test);
    await holder.query("BEGIN");
    await holder.query("SELECT FROM machines WHERE machine_id = $1 FOR NO KEY UPDATE", [machine.machineId]);
    const outcome = it.say(machine, { hardware: "h" });
    await waitingForLock(it.fleet);
    await it.fleet.rows(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'farrier heartbeats'`,
    );
    expect(await outcome).toBe("unavailable");
    await holder.query("ROLLBACK");
    expect(await it.fleet.rows("SELECT FROM machine_agent_heartbeat")).toEqual([]);
    expect(await it.say(machine, { hardware: "h" })).toBe("ok");
  });
});

test("whose key is replaced while its batch waits for the lock is refused, and decides nothing", async () => {
  await using it = await heartbeatFleet();
  const machine = await it.fleet.add();
  await it.fleet.request(machine);
  await using holder = await heldConnection(it.fleet.test);
  await holder.query("BEGIN");
  await holder.query("SELECT FROM machines WHERE machine_id = $1 FOR NO KEY UPDATE", [machine.machineId]);
  const old = it.say(machine, { report: 1n, hardware: "old" });
  await waitingForLock(it.fleet);
  await holder.query("UPDATE machine_agent_started SET agent_public_key = $2 WHERE machine_id = $1", [
    machine.machineId,
    Buffer.from(stranger),
  ]);
  await holder.query("COMMIT");
  expect(await old).toBe("unauthenticated");
  expect(await it.fleet.rows("SELECT FROM machine_os_installation_report")).toEqual([]);
  expect(await it.say(machine, { key: stranger })).toBe("ok 1");
});
