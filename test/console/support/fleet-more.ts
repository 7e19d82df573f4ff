import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { InstallationService } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { connect } from "../../../src/database/connect.ts";
import { embeddedReach } from "../../../src/database/embedded/embedded-reach.ts";
import { silent } from "../../support/fleet.ts";
import { profileApplied } from "./console-catalogue.ts";
import type { ConsoleServer } from "./console-server.ts";
import { hardwareReported, type FilledFleet, type Rows } from "./filled-fleet.ts";

/** What a filled fleet has on top, for pictures. Names of machines. */
export interface MoreFleet {
  eightDisks: string;
  /** Its installation is at 3 %. */
  nearBegin: string;
  /** Its installation is at 99 %. */
  nearEnd: string;
  /** A label of 200 machines, KEY=VALUE. */
  many: string;
}

/** Adds 2,100 machines, 400 that wait for one cause, a long timeline, and installations that begin and end. */
export async function fleetMore(server: ConsoleServer, { database, inState }: FilledFleet): Promise<MoreFleet> {
  const rows: Rows = async (text, ...values) => await database.pool.query(text, values);
  await rows(
    `WITH added AS (
       INSERT INTO machines (name, labels)
       SELECT 'row' || lpad(n::text, 4, '0'), CASE WHEN n <= 200 THEN '{"batch":"many"}'::jsonb ELSE '{}' END
       FROM generate_series(1, 2100) AS n RETURNING machine_id
     ) SELECT machine_state_refresh(machine_id) FROM added`,
  );
  await rows(
    `INSERT INTO work_backoff (machine_id, process, backoff_until, last_interval_seconds, cause)
     SELECT machine_id, 'ShepherdAgentStart', now() + interval '1 h', 600, 'rack-control: 503 Service Unavailable'
     FROM machines WHERE name BETWEEN 'row0201' AND 'row0600'`,
  );
  await rows(
    `INSERT INTO history (at, machine_id, actor_kind, actor, event)
     SELECT now() - n * interval '7 min', m.machine_id, 'operator', 'erin', 'machine_updated'
     FROM generate_series(1, 300) AS n, machines m WHERE m.name = $1`,
    inState.quarantined,
  );
  const parts = [
    ["installing-begun", 120_000_000],
    ["installing-nearly", 3_960_000_000],
  ] as const;
  for (const [name, done] of parts) {
    const machine = await machineLiving(rows, name);
    await createClient(InstallationService, server.transport).installationRequest({
      requestId: randomUUID(),
      machine,
      image: {
        url: "https://images.example.org/debian-13.raw.zst",
        digest: `sha256:${"0a".repeat(32)}`,
        rootDisk: { serialNumber: "S64GNX0T" },
      },
    });
    await rows(
      `INSERT INTO machine_os_installation_progress
         (machine_id, generation, run, phase, bytes_done, bytes_total, detail, bytes_per_second, writing_since)
       VALUES ($1, 1, '', 'writing', $2, 4000000000, '', 95000000, now() - interval '1 min')`,
      machine,
      done,
    );
  }
  await hardwareReported(rows, await machineLiving(rows, "eight-disks"), 8);
  return { eightDisks: "eight-disks", nearBegin: parts[0][0], nearEnd: parts[1][0], many: "batch=many" };
}

/** What {@link catalogueMore} adds: names. */
export interface MoreCatalogue {
  /** A profile with a template and a value without a default. */
  profile: string;
  /** A machine whose disks the profile matches. */
  machine: string;
}

/** Adds to an image "debian" a profile and a machine for it, and to a webhook events that were given up. */
export async function catalogueMore(server: ConsoleServer, webhook: string): Promise<MoreCatalogue> {
  await using reach = await embeddedReach(join(server.dataDirectory, "postgres"));
  await using database = connect(reach.connection, { log: silent });
  const rows: Rows = async (text, ...values) => await database.pool.query(text, values);
  await profileApplied(server, "db", {
    image: "debian",
    rootDisk: { serialNumber: "S64GNX0R003" },
    userData: `#cloud-config\nfqdn: {{ machine.name | append: "." | append: values.domain | yaml }}\n`,
    values: [{ name: "domain" }, { name: "zone", default: "b" }],
  });
  await hardwareReported(rows, await machineLiving(rows, "db1"), 8);
  await rows(
    `INSERT INTO webhook_dead_letter (webhook_id, event_id, event_at, machine_id, event, attempts, failure)
     SELECT webhook_id, h.id, h.at, h.machine_id, h.event, 100, 'connect ECONNREFUSED 127.0.0.1:1'
     FROM webhook w, history h JOIN machines m ON m.machine_id = h.machine_id
     WHERE w.webhook_name = $1 AND h.event = 'installation_requested' AND m.name <= 'web05'`,
    webhook,
  );
  return { profile: "db", machine: "db1" };
}

/** A fleet in which all is well. */
export interface HealthyFleet extends AsyncDisposable {
  /** Lets the installations of `count` machines fail. */
  fail(count: number): Promise<void>;
}

/** Adds 100 machines whose agents are there. */
export async function fleetHealthy(server: ConsoleServer): Promise<HealthyFleet> {
  await using stack = new AsyncDisposableStack();
  const reach = stack.use(await embeddedReach(join(server.dataDirectory, "postgres")));
  const database = stack.use(connect(reach.connection, { log: silent }));
  const rows: Rows = async (text, ...values) => await database.pool.query(text, values);
  const ids: string[] = [];
  for (let index = 1; index <= 100; index += 1) {
    ids.push(await machineLiving(rows, `node${String(index).padStart(3, "0")}`));
  }
  const release = stack.move();
  return {
    fail: async (count) => {
      for (const machine of ids.slice(0, count)) {
        await createClient(InstallationService, server.transport).installationRequest({
          requestId: randomUUID(),
          machine,
          image: {
            url: "https://images.example.org/debian-13.raw.zst",
            digest: `sha256:${"0a".repeat(32)}`,
            rootDisk: { serialNumber: "S64GNX0T" },
          },
        });
        await rows(
          `INSERT INTO machine_os_installation_report (machine_id, generation, result, error, reported_by)
           VALUES ($1, 1, 'error', 'no disk matches serial=S64GNX0T. Disks: sda (Samsung PM9A3, 3.84 TB, serial S64GNX0R)', 'agent')`,
          machine,
        );
      }
    },
    [Symbol.asyncDispose]: async () => await release.disposeAsync(),
  };
}

/** Adds a machine whose agent has just been heard. @returns its id */
async function machineLiving(rows: Rows, name: string): Promise<string> {
  const { rows: added } = await rows("INSERT INTO machines (name) VALUES ($1) RETURNING machine_id::text AS id", name);
  const id = String(added[0]?.["id"]);
  await rows(
    `INSERT INTO machine_agent_started (machine_id, agent_started_at, agent_public_key)
     VALUES ($1::uuid, now() - interval '2 h', sha256($1::uuid::text::bytea))`,
    id,
  );
  await rows(
    `INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket)
     VALUES ($1, now(), floor(extract(epoch FROM now()) / 300)::integer)`,
    id,
  );
  await rows("SELECT machine_state_refresh($1)", id);
  return id;
}
