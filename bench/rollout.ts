import { createHash, randomUUID } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { toBinary } from "@bufbuild/protobuf";
import type pg from "pg";
import { AgentHardwareReportSchema } from "../gen/cloud/bmaas/server/api/agent_pb.ts";
import { ImageService } from "../gen/farrier/operator/v1/image_pb.ts";
import { MachineService } from "../gen/farrier/operator/v1/machine_pb.ts";
import { ProfileService } from "../gen/farrier/operator/v1/profile_pb.ts";
import { RolloutService } from "../gen/farrier/operator/v1/rollout_pb.ts";
import { createLogger } from "../src/lib/log.ts";
import { simulatedHardware } from "../src/simulator/agent/simulated-hardware.ts";
import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import { operatorsServe } from "./support/operators.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const load = { machines: scaled(10_000, 200), rounds: scaled(5, 2), pageSize: 1_000 } as const;
const token = `frr_${"b".repeat(43)}`;

/**
 * The plan of a rollout over 10,000 machines that all have a hardware report: the seconds that the server takes to make
 * it, and to hand it out in pages, as a ratio to the seconds that it takes to list the same machines.
 */
export async function benchRollout(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  const { pool } = database.database;
  await fleetMake(pool, load.machines, fleetKeyPairs());
  await hardwareReport(pool);
  await using stack = new AsyncDisposableStack();
  const log = createLogger({ level: "warn", component: "bench" });
  let spent = 0;
  const api = stack.use(
    await operatorsServe(database.address, database.database, token, log, ({ seconds }) => {
      spent += seconds;
    }),
  );
  const transport = createConnectTransport({
    baseUrl: api.url,
    httpVersion: "1.1",
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", `Bearer ${token}`);
        return next(request);
      },
    ],
  });
  await profileMake(transport, pool);
  const machines = createClient(MachineService, transport);
  const rollouts = createClient(RolloutService, transport);
  /** The seconds that the server spends on what `act` calls. */
  const secondsOf = async (act: () => Promise<unknown>): Promise<number> => {
    const before = spent;
    await act();
    return spent - before;
  };
  /** Reads all pages. @throws {Error} if they have another number of machines */
  const pages = async (read: (pageToken: string) => Promise<{ machines: unknown[]; nextPageToken: string }>) => {
    let [seen, pageToken] = [0, ""];
    do {
      const page = await read(pageToken);
      seen += page.machines.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    if (seen !== load.machines) {
      throw new Error(`${seen} machines came: expected ${load.machines}`);
    }
  };
  const rounds: { list: number; make: number; read: number }[] = [];
  // The first round warms the caches.
  for (let round = 0; round <= load.rounds; round += 1) {
    const list = await secondsOf(() =>
      pages((pageToken) => machines.machineList({ pageSize: load.pageSize, pageToken })),
    );
    let name = "";
    const make = await secondsOf(async () => {
      const filter = { namePrefix: "m" };
      const { rollout } = await rollouts.rolloutCreate({ requestId: randomUUID(), profile: "web", filter });
      name = rollout?.name ?? "";
      if (rollout?.counts?.planned !== load.machines || rollout.counts.refused !== 0) {
        throw new Error(`the plan has ${rollout?.counts?.planned} machines: expected ${load.machines}, none refused`);
      }
    });
    const read = await secondsOf(() =>
      pages((pageToken) => rollouts.rolloutMachineList({ rollout: name, pageSize: load.pageSize, pageToken })),
    );
    rounds.push({ list, make, read });
  }
  const timed = rounds.slice(1);
  report(
    {
      ...{ id: "rollout-plan", target: 5, better: "lower" },
      value: median(timed.map(({ list, make, read }) => (make + read) / list)),
      details: {
        "machines are listed, s": median(timed.map(({ list }) => list)),
        "the plan is made and stored, s": median(timed.map(({ make }) => make)),
        "its machines are listed, s": median(timed.map(({ read }) => read)),
        machines: load.machines,
        "machines on a page": load.pageSize,
        "rounds, each of all": load.rounds,
        durability: database.durability,
      },
    },
    options.json,
  );
}

/** Every machine has reported the hardware of a simulated one. */
async function hardwareReport(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ id: string; name: string }>("SELECT machine_id AS id, name FROM machines");
  const raws = rows.map(({ name }) =>
    Buffer.from(toBinary(AgentHardwareReportSchema, simulatedHardware("bench", name))),
  );
  await pool.query(
    `INSERT INTO machine_hardware_report
       (machine_id, report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw)
     SELECT id, 1, now(), fingerprint, raw FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS t (id, fingerprint, raw)`,
    [rows.map(({ id }) => id), raws.map((raw) => createHash("sha256").update(raw).digest()), raws],
  );
  await pool.query("VACUUM ANALYZE");
}

/** A ready image, and the profile "web" that installs it on the disk for the system. */
async function profileMake(
  transport: Parameters<typeof createClient<typeof ImageService>>[1],
  pool: pg.Pool,
): Promise<void> {
  const url = "https://images.example.org/debian.raw";
  await createClient(ImageService, transport).imageAdd({ requestId: randomUUID(), name: "debian", url });
  await pool.query(
    `UPDATE image_version SET state = 'ready', digest = $1, ready_at = now(), facts = '{"unpackedBytes": 1000}'`,
    [`sha256:${"ab".repeat(32)}`],
  );
  await createClient(ProfileService, transport).profileApply({
    requestId: randomUUID(),
    name: "web",
    spec: { image: "debian", rootDisk: { maxBytes: 250_000_000_000n } },
  });
}
