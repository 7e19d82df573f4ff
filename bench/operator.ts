import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  MachineService,
  MachineSort,
  MachineState,
  type MachineListRequestSchema,
} from "../gen/farrier/operator/v1/machine_pb.ts";
import { createLogger } from "../src/lib/log.ts";
import { prng } from "../src/lib/prng.ts";
import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import { fleetVary } from "./support/fleet-vary.ts";
import { operatorsServe } from "./support/operators.ts";
import { report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const load = {
  machines: scaled(1_000_000, 20_000),
  calls: scaled(2_000, 200),
  warmUp: scaled(200, 20),
  seed: "operator",
} as const;
const token = `frr_${"b".repeat(43)}`;

type Query = MessageInitShape<typeof MachineListRequestSchema>;

const sorts = {
  id: MachineSort.ID,
  name: MachineSort.NAME,
  created: MachineSort.CREATED,
  state: MachineSort.STATE,
  since: MachineSort.SINCE,
};

/** The filters: single ones, and pairs. The number of matching machines is printed with each. */
const filters: Record<string, Query> = {
  none: {},
  "a state of 9 in 10": { states: [MachineState.INSTALLED] },
  "a state of 1 in 1,000": { states: [MachineState.INSTALL_FAILED] },
  "a state of none": { states: [MachineState.QUARANTINED] },
  "a provider of 1 in 2": { providers: ["lab"] },
  "a provider of 1 in 10,000": { providers: ["odd"] },
  "a label of 1 in 3": { labels: { room: "a1" } },
  "a label of 1 in 50": { labels: { row: "w7" } },
  "a label of 1 in 200": { labels: { zone: "z7" } },
  "a label of 1 in 20,000": { labels: { rack: "r77" } },
  "a name's beginning, all": { namePrefix: "m" },
  "a name's beginning, 1 in 10": { namePrefix: "m7" },
  "a name's beginning, 11": { namePrefix: "m77777" },
  "text: a name": { search: "m4242" },
  "text: a label's value": { search: "r99" },
  "text: an id's beginning": { search: "abcd12" },
  "text: nothing's": { search: "xyzzy" },
};

/**
 * P6: the first page of machines, filtered and sorted by any column, with a million machines: the server's p99 latency,
 * as a ratio to the same number of machines read in the order of their ids (the primary key) through the same call: one
 * further part of a walk over all machines after each page.
 */
export async function benchOperator(options: { json: boolean }): Promise<void> {
  await using database = await benchDatabase();
  await fleetMake(database.database.pool, load.machines, fleetKeyPairs());
  await fleetVary(database.database.pool);
  await using stack = new AsyncDisposableStack();
  const log = createLogger({ level: "warn", component: "bench" });
  const seconds: number[] = [];
  const api = stack.use(
    await operatorsServe(database.address, database.database, token, log, (call) => seconds.push(call.seconds)),
  );
  const client = createClient(
    MachineService,
    createConnectTransport({
      baseUrl: api.url,
      httpVersion: "1.1",
      interceptors: [
        (next) => (request) => {
          request.header.set("authorization", `Bearer ${token}`);
          return next(request);
        },
      ],
    }),
  );
  const call = async (query: Query): Promise<{ milliseconds: number; machines: number; next: string }> => {
    const { machines, nextPageToken } = await client.machineList(query);
    return { milliseconds: (seconds.at(-1) ?? 0) * 1000, machines: machines.length, next: nextPageToken };
  };
  const random = prng(load.seed);
  const names = Object.keys(filters);
  const slowest: Record<string, number> = {};
  const times: number[] = [];
  const byIds: number[] = [];
  let walked = "";
  for (let index = 0; index < load.calls; index += 1) {
    const [one, two] = [random.pick(names), random.pick([...names, "none", "none", "none"])];
    const [by, sort] = random.pick(Object.entries(sorts));
    const query = { ...filters[one], ...filters[two], sort, descending: random.chance(0.5) };
    const { milliseconds, machines } = await call(query);
    const pageSize = Math.max(1, machines);
    const read = await call({ sort: MachineSort.ID, pageSize, pageToken: walked });
    walked = read.next;
    // The first calls warm PostgreSQL's and the process' caches.
    if (index >= load.warmUp) {
      times.push(milliseconds);
      byIds.push(read.milliseconds);
      const what = `${[one, two].filter((name) => name !== "none").join(" and ") || "none"}, by ${by}`;
      slowest[what] = Math.max(slowest[what] ?? 0, milliseconds);
    }
  }
  const percentile = (share: number, of = times): number =>
    of.toSorted((a, b) => a - b)[Math.min(of.length - 1, Math.floor(of.length * share))] ?? 0;
  report(
    {
      id: "P6",
      value: percentile(0.99) / percentile(0.99, byIds),
      target: 3,
      better: "lower",
      details: {
        "p99, ms": percentile(0.99),
        "read by their ids, p99, ms": percentile(0.99, byIds),
        "read by their ids, p50, ms": percentile(0.5, byIds),
        "p50, ms": percentile(0.5),
        "p90, ms": percentile(0.9),
        "greatest, ms": percentile(1),
        "the slowest five": Object.entries(slowest)
          .toSorted(([, a], [, b]) => b - a)
          .slice(0, 5)
          .map(([what, milliseconds]) => `${what}: ${Math.round(milliseconds)} ms`),
        machines: load.machines,
        "machines on a page": 100,
        calls: times.length,
        "calls at a time": 1,
        durability: database.durability,
      },
    },
    options.json,
  );
}
