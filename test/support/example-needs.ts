import { createHash } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { LogLevel, ReportLogRequestSchema } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Database } from "../../src/database/connect.ts";
import type { ExampleNeed } from "../../tools/api-examples.ts";

function report(capacityBytes: bigint): Buffer {
  const blockDevice = [{ serialNumber: "S3EVNX0K123456", capacityBytes }];
  return Buffer.from(
    toBinary(
      AgentHardwareReportSchema,
      create(AgentHardwareReportSchema, { report: { blockDevice: blockDevice as never } }),
    ),
  );
}

/** What must be so before an example of docs/api.md, and no operator can make so. */
export const exampleNeeds: Record<ExampleNeed, (database: Database) => Promise<unknown>> = {
  "rollout-failed": async ({ pool }) => {
    await pool.query("DELETE FROM machine_rollout_hold");
    await pool.query("UPDATE rollout_machine SET state = 'failed', cause = 'image-unreachable', error = 'no answer'");
  },
  hardware: async ({ pool }) => {
    for (const [number, table] of [
      [1, "machine_hardware_report_earlier"],
      [2, "machine_hardware_report"],
    ] as const) {
      const raw = report(BigInt(number) * 500_000_000_000n);
      await pool.query(
        `INSERT INTO ${table} (machine_id, report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw)
         SELECT machine_id, $1, now(), $2, $3 FROM machines WHERE name = 'web1'`,
        [number, createHash("sha256").update(raw).digest(), raw],
      );
    }
  },
  log: async ({ pool }) => {
    const lines = [{ atMs: 1_767_225_600_000n, level: LogLevel.INFO, text: "agent started" }];
    const raw = toBinary(ReportLogRequestSchema, create(ReportLogRequestSchema, { lines }));
    await pool.query(
      `INSERT INTO machine_agent_log (machine_id, run, sequence, line_count, agent_log_raw)
       SELECT machine_id, '\\x00', 1, 1, $1 FROM machines WHERE name = 'web1'`,
      [Buffer.from(raw)],
    );
  },
  enrollments: async ({ pool }) =>
    await pool.query(
      `INSERT INTO enrollment_claim (agent_public_key, smbios_uuid, macs, claim_address) VALUES
       (decode(repeat('a1', 32), 'hex'), '4c4c4544-0042-3010-8054-b7c04f4e3232', '{52:54:00:12:34:56}', '10.0.0.117'),
       (decode(repeat('b2', 32), 'hex'), NULL, '{52:54:00:99:99:99}', '10.0.0.118')`,
    ),
  console: async ({ pool }) => {
    await pool.query(
      `INSERT INTO console_link (code_hash, request_id, actor, role, credential, expires_at)
       VALUES (sha256('o2Wf2m0r7Qx1v9bXkq3Tn5yLc8JdZs6HgAeRuPiMwYE'), gen_random_uuid(), 'token', 'admin', 'data-directory',
         now() + interval '1 h')`,
    );
    await pool.query(
      `INSERT INTO console_session
         (console_session_id, key_hash, cookie_hash, actor, role, credential, address, user_agent, expires_at)
       VALUES ('3b1f0c7e-58d2-4f6a-8e19-2a7c4d9b6e05', sha256('key'), sha256('cookie'), 'token', 'admin', 'data-directory',
         '127.0.0.1', 'Mozilla/5.0', now() + interval '1 h')`,
    );
  },
  backoff: async ({ pool }) =>
    await pool.query(
      `INSERT INTO work_backoff (machine_id, process, backoff_until, last_interval_seconds, cause)
       SELECT machine_id, 'ShepherdRecovery', now() + interval '1 h', 60, 'no power' FROM machines WHERE name = 'web1'`,
    ),
  controller: async ({ pool }) =>
    await pool.query(
      `INSERT INTO machine_controller (
         machine_id, protocol, url, system, credential_id, trusted_by, trusted_sha256, power_commands, boot_targets,
         virtual_media, may_control, rules, set_by
       ) SELECT m.machine_id, 'redfish', 'https://10.1.7.20', '/redfish/v1/Systems/1', c.credential_id, 'fingerprint',
         decode(repeat('ab', 32), 'hex'), '{on,off,cycle,reset}', '{network,disk}', true, true, '{}', 'test'
       FROM machines m, credential c WHERE m.name = 'web1' AND c.credential_name = 'rack7'`,
    ),
  doubted: async ({ pool }) =>
    await pool.query(
      `WITH provider AS (
         INSERT INTO provider (provider, power, provider_type, listed_at, held_since, held_cause)
         VALUES ('rack-a', false, 'inventory', now(), now(), '3 of 20 machines are gone from its list at once')
       ), machine AS (
         INSERT INTO machines (name) VALUES ('rack-a-1') RETURNING machine_id
       ), provided AS (
         INSERT INTO machine_provided (machine_id, provider, provider_id) SELECT machine_id, 'rack-a', 'S1' FROM machine
       ) INSERT INTO machine_doubted (machine_id, provider, doubt) SELECT machine_id, 'rack-a', 'gone' FROM machine`,
    ),
  image: async ({ pool }) =>
    await pool.query(
      `UPDATE image_version SET state = 'ready', digest = asked_digest, facts = '{}', ready_at = now()
       WHERE image_name = 'debian-13'`,
    ),
  web9: async ({ pool }) => await pool.query("INSERT INTO machines (name) VALUES ('web9')"),
};
