import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { EnrollmentService } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { InstallationService } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { MachineService } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { connect, type Database } from "../../../src/database/connect.ts";
import { embeddedReach } from "../../../src/database/embedded/embedded-reach.ts";
import { machineStates, type MachineStateName } from "../../../src/database/machine-state.ts";
import { silent } from "../../support/fleet.ts";
import { waitFor } from "../../support/wait.ts";
import { agentAsks } from "./asking-agent.ts";
import { machineQuarantined } from "./console-machines.ts";
import type { ConsoleServer } from "./console-server.ts";

/** Disks of the machine that has the most. */
const disksMost = 24;

/** A fleet with something on each page of the console. */
export interface FilledFleet extends AsyncDisposable {
  /** A machine's name in each state; the machine in "ready" has reported its hardware twice. */
  readonly inState: Readonly<Record<MachineStateName, string>>;
  /** A machine that two agents say they are. */
  readonly claimedTwice: string;
  readonly database: Database;
}

/** Fills an empty control plane, partly through its database: no shepherd or agent changes what is there. */
export async function fleetFill(server: ConsoleServer): Promise<FilledFleet> {
  await using stack = new AsyncDisposableStack();
  const reach = stack.use(await embeddedReach(join(server.dataDirectory, "postgres")));
  const database = stack.use(connect(reach.connection, { log: silent }));
  const rows = async (text: string, ...values: unknown[]) => await database.pool.query(text, values);
  const ids = await machinesMake(server);
  // A provider that no shepherd here has, and sessions that look alive: nothing is taken up.
  await rows("UPDATE machine_provided SET provider = 'rack-control', provider_location = 'hall 1'");
  const { rows: sessions } = await rows(
    `INSERT INTO sessions (session_component, session_runtime_info, session_created_at, session_interval_seconds, session_deadline)
     SELECT c, 'host7 4711', now() - interval '1 h', 3600, now() + interval '1 h' FROM unnest($1::text[]) AS u (c)
     RETURNING session_id::text AS id`,
    ["server", "shepherd"],
  );
  await rows(
    `INSERT INTO machine_agent_started (machine_id, agent_started_at, agent_public_key)
     SELECT m, now() - interval '2 h', sha256(m::text::bytea) FROM unnest($1::uuid[]) AS u (m)`,
    Object.entries(ids).flatMap(([state, id]) => (agentless.has(state as MachineStateName) ? [] : [id])),
  );
  await rows(`UPDATE machine_agent_started SET agent_started_at = now() WHERE machine_id = $1`, ids["awaiting-agent"]);
  await rows(
    `INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket)
     SELECT m, now(), floor(extract(epoch FROM now()) / 300)::integer FROM unnest($1::uuid[]) AS u (m)`,
    [ids.ready, ids["install-pending"], ids.installing, ids.installed, ids["install-failed"], ...reporting(ids)],
  );
  await installationsMake(server, rows, ids);
  await silentMake(rows, ids, String(sessions[1]?.["id"]));
  await rows(
    `INSERT INTO work_backoff (machine_id, process, backoff_until, last_interval_seconds, cause)
     VALUES ($1, 'ShepherdAgentStart', now() + interval '1 h', 600, '10.0.0.7: connect ECONNREFUSED 10.0.0.7:22')`,
    ids["backing-off"],
  );
  await machineQuarantined(server, ids.quarantined);
  await hardwareReported(rows, ids.ready);
  await claimedTwiceMake(server, rows);
  await agentAsks(server, { serialNumber: "HX3KQ72", macs: ["b0:7b:25:00:00:01"] });
  await agentAsks(server, { serialNumber: "7VT4L01", macs: ["b0:7b:25:10:00:01"] });
  const { rows: states } = await rows(
    "SELECT state, name FROM machine_state WHERE machine_id = ANY ($1)",
    Object.values(ids),
  );
  const wrong = states.filter(({ state, name }) => name !== nameOf(state as MachineStateName));
  if (wrong.length > 0) {
    throw new Error(`machines are in another state than their names say: ${JSON.stringify(wrong)}`);
  }
  const release = stack.move();
  return {
    inState: byState(nameOf),
    claimedTwice: "twice1",
    database,
    [Symbol.asyncDispose]: async () => await release.disposeAsync(),
  };
}

/** Those whose installed systems are expected to report. */
function reporting(ids: ByState): string[] {
  return [ids["coming-up"], ids.silent];
}

/** Statements on the fleet's database. */
export type Rows = (text: string, ...values: unknown[]) => Promise<{ rows: Record<string, unknown>[] }>;
type ByState = Record<MachineStateName, string>;

/** Those without an agent; the agents of the last two are made together with their silence. */
const agentless: ReadonlySet<MachineStateName> = new Set<MachineStateName>([
  ...(["new", "starting-agent", "backing-off", "quarantined"] as const),
  ...(["agent-lost", "recovering"] as const),
]);

function nameOf(state: MachineStateName): string {
  return `${state}1`;
}

function byState(value: (state: MachineStateName) => string): ByState {
  return Object.fromEntries(machineStates.map((state) => [state, value(state)])) as ByState;
}

async function machinesMake(server: ConsoleServer): Promise<ByState> {
  const machines = createClient(MachineService, server.transport);
  const ids = byState(() => "");
  for (const state of machineStates) {
    const { machine } = await machines.machineAdd({
      requestId: randomUUID(),
      provider: "static",
      providerId: state,
      name: nameOf(state),
      labels: { rack: "b12", tenant: "web" },
    });
    ids[state] = machine?.id ?? "";
  }
  return ids;
}

/**
 * Work that is held, and an agent that is silent. In one transaction, after which the lost machine is nobody's candidate:
 * the shepherd of this control plane would take it up at once.
 */
async function silentMake(rows: Rows, ids: ByState, shepherd: string): Promise<void> {
  await rows(
    `INSERT INTO work (machine_id, process, session_id) VALUES
       ('${ids["starting-agent"]}', 'ShepherdAgentStart', '${shepherd}'), ('${ids.recovering}', 'ShepherdRecovery', '${shepherd}');
     INSERT INTO machine_agent_started (machine_id, agent_started_at, agent_public_key)
       SELECT m, now() - interval '2 h', sha256(m::text::bytea)
       FROM unnest('{${ids["agent-lost"]},${ids.recovering}}'::uuid[]) AS u (m);
     INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket)
       SELECT m, now() - interval '40 min', 0 FROM unnest('{${ids["agent-lost"]},${ids.recovering}}'::uuid[]) AS u (m);
     SELECT machine_state_refresh(machine_id) FROM machines;
     UPDATE machine_agent_heartbeat SET agent_wanted = false WHERE machine_id = '${ids["agent-lost"]}';
     UPDATE machine_state SET candidate = NULL WHERE machine_id = '${ids["agent-lost"]}'`,
  );
}

/** Installations: pending, running, succeeded, failed, and two whose systems are expected to report. */
async function installationsMake(server: ConsoleServer, rows: Rows, ids: ByState): Promise<void> {
  const client = createClient(InstallationService, server.transport);
  for (const state of [
    "install-pending",
    "installing",
    "installed",
    "install-failed",
    "coming-up",
    "silent",
  ] as const) {
    await client.installationRequest({
      requestId: randomUUID(),
      machine: ids[state],
      image: {
        url: "https://images.example.org/debian-13.raw.zst",
        digest: `sha256:${"0a".repeat(32)}`,
        rootDisk: { serialNumber: "S64GNX0T" },
      },
    });
  }
  await rows(
    `INSERT INTO machine_os_installation_progress
       (machine_id, generation, run, phase, bytes_done, bytes_total, detail, bytes_per_second, writing_since)
     VALUES ($1, 1, '', 'writing', 1200000000, 4000000000, '', 95000000, now() - interval '1 min')`,
    ids.installing,
  );
  await rows(
    `INSERT INTO machine_os_installation_report (machine_id, generation, result, error, reported_by)
     VALUES ($1, 1, 'success', NULL, 'agent'), ($2, 1, 'error', $3, 'agent')`,
    ids.installed,
    ids["install-failed"],
    "no disk matches serial=S64GNX0T. Disks: sda (Samsung PM9A3, 3.84 TB, serial S64GNX0R), sdb (Samsung PM9A3, 3.84 TB, serial S64GNX0S)",
  );
  await rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", ids.installed);
  const expected = reporting(ids);
  await rows(
    `INSERT INTO machine_agent_features (machine_id, agent_public_key, features)
     SELECT machine_id, agent_public_key, '{vendor-data}' FROM machine_agent_started WHERE machine_id = ANY ($1)`,
    expected,
  );
  await rows(
    `INSERT INTO machine_came_up (machine_id, generation, within_seconds, token_sha256)
     SELECT m, 1, 900, sha256(m::text::bytea) FROM unnest($1::uuid[]) AS u (m)`,
    expected,
  );
  await rows(
    `INSERT INTO machine_os_installation_report (machine_id, generation, result, error, reported_by)
     SELECT m, 1, 'success', NULL, 'agent' FROM unnest($1::uuid[]) AS u (m)`,
    expected,
  );
  await rows(
    "INSERT INTO machine_os_installed (machine_id, generation) SELECT m, 1 FROM unnest($1::uuid[]) AS u (m)",
    expected,
  );
  await rows("UPDATE machine_came_up SET silent_at = now(), deadline_at = now() WHERE machine_id = $1", ids.silent);
}

/** Two reports: in the second one disk is new, one is failing, and there is more memory. */
export async function hardwareReported(rows: Rows, machine: string, disks: number = disksMost): Promise<void> {
  const report = (memory: number, count: number, failing?: number): Buffer =>
    Buffer.from(
      toBinary(
        AgentHardwareReportSchema,
        create(AgentHardwareReportSchema, {
          report: {
            manufacturer: "Dell Inc.",
            product: "PowerEdge R750",
            serialNumber: "HX3KQ70",
            smbiosUuid: "4c4c4544-0048-5810-8033-c8c04f513730",
            memoryInstalledBytes: BigInt(memory) * 2n ** 30n,
            cpu: [{ vendor: "Intel", model: "Xeon Gold 6338", cores: 32, hardwareThreads: 64 }],
            blockDevice: Array.from({ length: count }, (_, index) => ({
              name: `nvme${index}n1`,
              deviceModel: "Samsung PM9A3",
              serialNumber: `S64GNX0R${String(index).padStart(3, "0")}`,
              capacityBytes: 3_840_755_982_336n,
              logicalBlockSizeBytes: 512,
              transport: "pcie",
              usageRatio: index === failing ? 1.1 : 0.02,
              criticalWarning: index === failing,
            })),
          },
        }),
      ),
    );
  for (const [table, number, bytes] of [
    ["machine_hardware_report_earlier", 1, report(256, disks - 1)],
    ["machine_hardware_report", 2, report(512, disks, 7)],
  ] as const) {
    await rows(
      `INSERT INTO ${table} (machine_id, report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw)
       VALUES ($1, $2::bigint, now() - make_interval(hours => 3 - $2::bigint::integer), $3, $4)`,
      machine,
      number,
      createHash("sha256").update(bytes).digest(),
      bytes,
    );
  }
}

/** In one boot window two agents say that they are the same machine. */
async function claimedTwiceMake(server: ConsoleServer, rows: Rows): Promise<void> {
  const mac = "52:54:00:77:00:02";
  await createClient(MachineService, server.transport).machineAdd({
    requestId: randomUUID(),
    provider: "static",
    providerId: "twice1",
    name: "twice1",
    macs: [mac],
  });
  const enrollment = createClient(EnrollmentService, server.transport);
  await enrollment.bootWindowOpen({ requestId: randomUUID(), machine: "twice1" });
  const token = "a token";
  // As network boot hands it out.
  await rows(
    `UPDATE machine_boot_window SET token_digest = $1, given_at = now()
     WHERE machine_id = (SELECT machine_id FROM machines WHERE name = 'twice1')`,
    createHash("sha256").update(token).digest(),
  );
  for (const serialNumber of ["TWICE1", "TWICE2"]) {
    await agentAsks(server, { serialNumber, macs: [mac], token });
  }
  await waitFor("the second claimant", async () => (await enrollment.enrollmentList({})).secondClaimants.length === 1);
}
