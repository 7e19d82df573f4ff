import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../lib/clock.ts";
import { command, operator, silent, testFleet, type Fleet, type TestMachine } from "../../../../test/support/fleet.ts";
import { sessionStart } from "../../session.ts";
import { workClaim } from "../../work.ts";
import { machineShow } from "./machine-show.ts";
import { machineDelete, machineTags } from "./machine-delete.ts";
import { machineQuarantine } from "./machine-quarantine.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await testFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());

const remove = (machine: Pick<TestMachine, "machineId">, requestId?: string) =>
  machineDelete(fleet.database, {
    ...command(machine, "machine_delete", requestId === undefined ? {} : { requestId }),
    actor: operator,
  });

test("the tags that go with a machine are all that refer to it, but for the state and for work", async () => {
  const rows = await fleet.rows<{ tag: string }>(
    "SELECT conrelid::regclass::text AS tag FROM pg_constraint WHERE confrelid = 'machines'::regclass",
  );
  const others = ["machine_state", "work"];
  expect(rows.map(({ tag }) => tag).toSorted()).toEqual([...machineTags, ...others].toSorted());
});

test("a machine with every tag goes, its history and last generation stay, and the command is repeated safely", async () => {
  const machine = await fleet.add();
  await fleet.request(machine, { generation: 7n });
  await machineQuarantine(fleet.database, {
    ...command(machine, "machine_quarantine"),
    actor: operator,
    reason: "broken",
  });
  await fleet.rows(
    `INSERT INTO credential (credential_id, credential_name, kind, user_name, sealed_secret, allowed, created_by)
     VALUES (gen_random_uuid(), 'rack', 'bmc', 'admin', '\\x0066727301'::bytea || decode(repeat('00', 60), 'hex'), '{::/0}', '')`,
  );
  await fleet.rows(
    `INSERT INTO rollout (rollout_name, profile_name, profile_version, sealed_values, waves, parallel, created_by)
     VALUES ('tonight', 'web', 1, '\\x0066727301'::bytea || decode(repeat('00', 60), 'hex'), '{0}', 1, '')`,
  );
  const filled: Record<string, string> = {
    machine_controller:
      "protocol, url, system, credential_id, trusted_by, power_commands, boot_targets, virtual_media, may_control, rules, set_by) " +
      "VALUES ($1, 'ipmi', 'ipmi://a', '', (SELECT credential_id FROM credential), 'clear-text', '{}', '{}', false, false, '{}', ''",
    machine_controller_contact: "contact_at) VALUES ($1, now()",
    machine_power: "power, read_from) VALUES ($1, 'on', 'controller'",
    machine_health: "rollup, failed, unread, events) VALUES ($1, 'unknown', '{}', '{}', '[]'",
    machine_controller_refusal: "tried, times, not_before) VALUES ($1, sha256(''), 1, now()",
    machine_boot_by: "means, set_by) VALUES ($1, 'provider-network', ''",
    machine_start: "means, why, step) VALUES ($1, 'provider-network', 'test', 'test'",
    machine_found_running: "found_by) VALUES ($1, 'controller'",
    machine_ssh:
      "user_name, host, port, credential_id, accept_new, set_by) VALUES ($1, 'root', 'a', 22, (SELECT credential_id FROM credential), true, ''",
    machine_takeover_key: "agent_public_key, good_until) VALUES ($1, decode(repeat('00', 32), 'hex'), now()",
    machine_controller_wanted: "provider, wanted) VALUES ($1, 'racks', '{}'",
    machine_doubted: "provider, doubt) VALUES ($1, 'racks', 'gone'",
    machine_network: "network_config, set_by) VALUES ($1, 'version: 2', ''",
    machine_start_failure: "means, failures) VALUES ($1, 'provider-network', 1",
    controller_operation:
      "operation_id, body_digest, kind, asked, asked_by) VALUES ($1, gen_random_uuid(), decode(repeat('00', 32), 'hex'), 'check', '{}', ''",
    machine_smbios: "smbios_uuid) VALUES ($1, gen_random_uuid()",
    machine_mac: "mac) VALUES ($1, '52:54:00:00:00:01'",
    machine_boot_window: "opened_by, closes_at) VALUES ($1, 'tester', now() + interval '1 minute'",
    machine_netboot: "asked) VALUES ($1, 1",
    machine_agent_heartbeat: "agent_heartbeat_at, heartbeat_bucket) VALUES ($1, now(), 0",
    machine_hardware_report:
      "report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw) VALUES ($1, 2, now(), decode(repeat('00', 32), 'hex'), ''",
    machine_hardware_report_earlier:
      "report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw) VALUES ($1, 1, now(), '', ''",
    machine_os_installation_progress:
      "generation, run, phase, bytes_done, bytes_total, detail) VALUES ($1, 7, '', 'writing', 0, 0, ''",
    machine_os_installation_run: "generation, run) VALUES ($1, 7, ''",
    machine_os_installation_writer: "generation, run, agent_public_key) VALUES ($1, 7, '', ''",
    machine_disk_begun: "generation) VALUES ($1, 7",
    machine_agent_features: "agent_public_key, features) VALUES ($1, '', '{}'",
    machine_os_installed: "generation) VALUES ($1, 7",
    machine_installation_profile: "generation, image_name, image_version) VALUES ($1, 7, 'debian', 1",
    machine_came_up: "generation, within_seconds) VALUES ($1, 7, 60",
    machine_agent_log: "run, sequence, line_count, agent_log_raw) VALUES ($1, '', 0, 1, ''",
    machine_os_installation_retry:
      "generation, attempts, attempts_left, initial_seconds, maximum_seconds, exponent, wait_seconds, wait_jittered_seconds) VALUES ($1, 7, 1, 1, 1, 1, 1, 1, 1",
    machine_rollout_hold: "rollout_number) VALUES ($1, (SELECT rollout_number FROM rollout)",
    rollout_machine:
      "rollout_number, wave, position, seen_generation, seen_labels) VALUES ($1, (SELECT rollout_number FROM rollout), 1, 1, 0, ''",
    work_backoff:
      "process, backoff_until, last_interval_seconds, cause) VALUES ($1, 'ShepherdRecovery', now(), 1, 'test'",
  };
  for (const [tag, rest] of Object.entries(filled)) {
    await fleet.rows(`INSERT INTO ${tag} (machine_id, ${rest})`, machine.machineId);
  }
  for (const tag of machineTags) {
    const rows = await fleet.rows(`SELECT FROM ${tag} WHERE machine_id = $1`, machine.machineId);
    expect([tag, rows.length]).toEqual([tag, 1]);
  }
  const requestId = "11111111-2222-4333-8444-555555555555";
  await remove(machine, requestId);
  await remove(machine, requestId);
  await expect(machineShow(fleet.database, machine.machineId)).rejects.toMatchObject({ code: "not_found" });
  await expect(remove(machine)).rejects.toMatchObject({ code: "not_found" });
  expect((await fleet.history(machine)).at(-1)).toBe("machine_deleted");
  // Its id comes back with the last generation.
  await fleet.add({ machineId: machine.machineId });
  expect(await fleet.request(machine)).toBe(8n);
});

test("one with something pending, or with work held on it, stays", async () => {
  const machine = await fleet.add({ agent: false });
  await fleet.request(machine);
  await expect(remove(machine)).rejects.toMatchObject({
    code: "refused",
    message: "generation 1 is pending on this machine: cancel it first",
  });
  await fleet.cancel(machine);
  {
    await using session = await sessionStart(fleet.database, {
      component: "shepherd",
      log: silent,
      clock: systemClock,
    });
    await workClaim(fleet.database, session, { process: "ShepherdAgentStart", provider: "static" }, 10);
    await expect(remove(machine)).rejects.toThrow(/ShepherdAgentStart is running on this machine/u);
  }
  await remove(machine);
  await expect(machineShow(fleet.database, machine.machineId)).rejects.toMatchObject({ code: "not_found" });
});

test("of a deletion and a request at once one is refused, and nothing is left half", async () => {
  for (let round = 0; round < 10; round += 1) {
    const machine = await fleet.add();
    const [deleted, requested] = await Promise.allSettled([remove(machine), fleet.request(machine)]);
    expect([deleted.status, requested.status].toSorted()).toEqual(["fulfilled", "rejected"]);
    const rows = await fleet.rows("SELECT FROM machines WHERE machine_id = $1", machine.machineId);
    expect(rows).toHaveLength(deleted.status === "fulfilled" ? 0 : 1);
  }
});
