import type { Fleet, TestMachine } from "./fleet.ts";

/** The stored times of a machine's writer become `seconds` seconds older, and the servers' sessions too. */
export async function writerSilence(
  fleet: Pick<Fleet, "rows">,
  machine: Pick<TestMachine, "machineId">,
  seconds = 91,
): Promise<void> {
  const age = `interval '${seconds} seconds'`;
  await fleet.rows(
    `UPDATE machine_os_installation_writer SET heard_at = heard_at - ${age}, power_off_at = power_off_at - ${age}
     WHERE machine_id = $1`,
    machine.machineId,
  );
  await fleet.rows(`UPDATE sessions SET session_created_at = session_created_at - ${age}`);
}
