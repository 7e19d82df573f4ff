import type { Database } from "../../src/database/connect.ts";
import type { StartedControllers } from "./controllers.worker.ts";

/** Stores a machine for each controller, as `farrier bmc add` does. They are in quarantine: only looks concern them. */
export async function controllersStored(database: Database, { urls, sha256 }: StartedControllers): Promise<void> {
  const { pool } = database;
  const sealed = Buffer.concat([Buffer.from([0, 0x66, 0x72, 0x73, 1]), Buffer.alloc(60)]);
  await pool.query(
    `INSERT INTO credential (credential_id, credential_name, kind, user_name, sealed_secret, allowed, created_by)
     VALUES (gen_random_uuid(), 'bench', 'bmc', 'admin', $1, '{127.0.0.0/8}', 'bench')`,
    [sealed],
  );
  await pool.query(
    `INSERT INTO machines (machine_id, name, labels) SELECT gen_random_uuid(), 'm' || n, '{}' FROM generate_series(1, $1) n`,
    [urls.length],
  );
  await pool.query(
    "INSERT INTO machine_quarantine (machine_id, reason, quarantined_by) SELECT machine_id, 'bench', 'bench' FROM machines",
  );
  await pool.query(
    `INSERT INTO machine_controller (machine_id, protocol, url, system, credential_id, trusted_by, trusted_sha256,
       power_commands, boot_targets, virtual_media, may_control, rules, set_by)
     SELECT m.machine_id, 'redfish', ($1::text[])[substr(m.name, 2)::int], '1', c.credential_id, 'fingerprint',
       decode($2, 'hex'), '{on,off}', '{network}', false, true, '{}', 'bench' FROM machines m, credential c`,
    [urls, sha256],
  );
  await pool.query("INSERT INTO machine_controller_contact (machine_id) SELECT machine_id FROM machine_controller");
}
