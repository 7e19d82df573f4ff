import { expect, test } from "vitest";
import { heldConnection, testFleet } from "../../../test/support/fleet.ts";
import { byteaLiteral } from "../bytea-literal.ts";
import { entryState, type HeartbeatRow } from "./heartbeat-fragments.ts";
import { lockStatement, reportingStatement } from "./heartbeat-reporting-statement.ts";

test("an entry whose key is bound between the locking and the deciding comes again", async () => {
  await using fleet = await testFleet();
  const machine = await fleet.add();
  const other = await fleet.add();
  await fleet.rows(
    `INSERT INTO sessions (session_component, session_runtime_info, session_interval_seconds, session_deadline)
     VALUES ('server', 'test', 60, now() + interval '1 minute')`,
  );
  const [session] = await fleet.rows<{ session_id: string }>("SELECT session_id FROM sessions");
  // The key of another agent, which will be bound to this machine in the middle of the batch.
  const key = byteaLiteral(other.agent.publicKey);
  await using batch = await heldConnection(fleet.test);
  await batch.query("BEGIN");
  const locked = await batch.query(lockStatement, [`{${machine.machineId}}`, `{${key}}`]);
  expect(locked.rows).toEqual([]);
  await fleet.rows(
    "UPDATE machine_agent_started SET agent_public_key = $2 WHERE machine_id = $1",
    machine.machineId,
    Buffer.from(other.agent.publicKey),
  );
  const values = (machines: string[]) => [
    session?.session_id,
    `{${machine.machineId}}`,
    `{${key}}`,
    `{${key}}`,
    true,
    [false],
    "{NULL}",
    "{NULL}",
    [1n],
    ["success"],
    [null],
    "{NULL}",
    [null],
    [true],
    machines,
    "{0}",
    "{NULL}",
    "{NULL}",
    [null],
  ];
  const decide = async (machines: string[]): Promise<HeartbeatRow[]> =>
    (await batch.query<HeartbeatRow>({ text: reportingStatement, rowMode: "array", values: values(machines) })).rows;
  expect((await decide([]))[0]?.[1]).toBe(entryState.sessionDead);
  expect(await fleet.rows("SELECT FROM history WHERE event = 'report_unasked'")).toEqual([]);
  await batch.query("COMMIT");
  await batch.query("BEGIN");
  const again = await batch.query<{ machine_id: string }>(lockStatement, [`{${machine.machineId}}`, `{${key}}`]);
  expect((await decide(again.rows.map((row) => row.machine_id)))[0]?.[1]).toBe(entryState.authenticated);
  await batch.query("COMMIT");
});
