import { createHash, randomUUID } from "node:crypto";
import { Kysely, PostgresDialect } from "kysely";
import { expect, test } from "vitest";
import { heldConnection, silent, testFleet, type Fleet } from "../../../../test/support/fleet.ts";
import { systemClock } from "../../../lib/clock.ts";
import { system } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { machineId, type MachineId, requestId } from "../../ids.ts";
import { sessionStart } from "../../session.ts";
import type { DB } from "../../tables.ts";
import { transact } from "../../transaction.ts";
import { controllerWantedDone, controllerWantedFailed, controllerWantedTake } from "./controller-wanted.ts";
import { providedAddAll } from "./provided-add.ts";
import { takenRead } from "./provided-taken.ts";
import { providedUpdateAll, providedVanishAll } from "./provided-update.ts";
import { doubtsAccepted, doubtsRelease, doubtsWrite, providerAccept } from "./provider-doubt.ts";
import { doubtedList, providerShow } from "./provider-list.ts";
import { providersStand } from "./provider-standing.ts";
import { providerNames, providerNote, providersElsewhere, providerSeen } from "./provider.ts";

/** The id of the machine of a number: PostgreSQL makes the same one. */
function idOf(n: number): MachineId {
  const hex = createHash("md5").update(String(n)).digest("hex");
  return machineId(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, "$1-$2-$3-$4-$5"));
}

/** The fleet's database; the plan of each statement is noted before the statement is run. */
function planned(fleet: Fleet): { database: Database; plans: string[] } {
  const plans: string[] = [];
  const pool = {
    connect: async () => {
      const client = await fleet.database.pool.connect();
      return {
        query: async (text: string, values: unknown[]) => {
          if (/^\s*(?:SELECT|WITH|INSERT|UPDATE|DELETE)\b/iu.test(text)) {
            const { rows } = await client.query<{ "QUERY PLAN": string }>(`EXPLAIN ${text}`, values);
            plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
          }
          return client.query(text, values);
        },
        release: () => client.release(),
      };
    },
    end: () => Promise.resolve(),
  };
  const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool: pool as never }) });
  return { database: { ...fleet.database, kysely }, plans };
}

test("of 100,000 machines, what shepherds ask of a provider with 10,000 scans neither the fleet nor the provider's", async () => {
  await using fleet = await testFleet();
  // Not of the pool: on a busy host a statement may take longer than its connections allow.
  const client = await heldConnection(fleet.test);
  try {
    await client.query("SET session_replication_role = replica");
    for (const statement of [
      "INSERT INTO machines (machine_id, name) SELECT md5(i::text)::uuid, 'm' || i FROM generate_series(1, 100000) i",
      `INSERT INTO machine_provided (machine_id, provider, provider_id)
       SELECT machine_id, CASE WHEN substr(name, 2)::integer <= 10000 THEN 'rack' ELSE 'other' END, name FROM machines`,
      `INSERT INTO machine_state (machine_id, state, provider, name, candidate)
       SELECT machine_id, 'new', provider, provider_id, CASE WHEN provider_id = 'm1' THEN 'ShepherdAgentStart' END
       FROM machine_provided`,
      "INSERT INTO machine_power (machine_id, power, read_from) SELECT machine_id, 'on', 'rack' FROM machines",
      "INSERT INTO machine_smbios (machine_id, smbios_uuid) SELECT machine_id, machine_id FROM machines",
      `INSERT INTO machine_mac (machine_id, mac)
       SELECT machine_id, ('525400' || lpad(to_hex(substr(name, 2)::integer), 6, '0'))::macaddr FROM machines`,
      `INSERT INTO machine_controller_wanted (machine_id, provider, wanted, try_at)
       SELECT machine_id, provider, '{"url": "https://x", "trust": {}}', now() FROM machine_provided`,
      `INSERT INTO machine_doubted (machine_id, provider, doubt)
       SELECT machine_id, provider, 'gone' FROM machine_provided
       WHERE provider = 'rack' OR machine_id < '00100000-0000-0000-0000-000000000000'`,
      "INSERT INTO provider (provider, power, provider_type) VALUES ('rack', true, 'inventory'), ('other', true, 'inventory')",
      "VACUUM ANALYZE",
    ]) {
      await client.query(statement);
    }
  } finally {
    await client.end();
  }
  const { database, plans } = planned(fleet);
  await using session = await sessionStart(fleet.database, { component: "shepherd", log: silent, clock: systemClock });
  const asked = Array.from({ length: 500 }, (_, n) => ({
    ...{ providerId: `new${n}`, name: `m${n}`, macs: ["52:54:00:00:00:01"] },
    ...(n % 2 === 0 ? {} : { machineId: machineId("00000000-0000-4000-8000-000000000000") }),
    smbiosUuid: "c4ca4238-a0b9-2382-0dcc-509a6f75849b",
  }));
  const ids = Array.from({ length: 500 }, (_, n) => idOf(n + 1));
  const changes = ids.map((id, n) => ({
    ...{ machineId: id, listed: { providerId: `m${n + 1}`, macs: [] }, returned: true, controllerChanged: true },
    ...{
      smbiosUuid: randomUUID(),
      addMacs: [`52:54:01:00:${n >> 8}:${(n & 255).toString(16)}`],
      removeMacs: [],
      name: `n${n}`,
      wentOff: false,
    },
    ...{ setLabels: { room: "1" }, removeLabels: ["rack"] },
  }));
  const added = ids.map((_, n) => ({ providerId: `added${n}`, name: `added${n}`, macs: [] }));
  const doubts = Array.from({ length: 500 }, (_, n) => ({ machineId: idOf(20_000 + n), doubt: "gone" as const }));
  const accept = {
    ...{ provider: "other", acceptedBy: "tester", command: "provider_accept" },
    ...{ requestId: requestId(randomUUID()), bodyDigests: [new Uint8Array(32)] },
  };
  const wanted = {
    machineId: idOf(1),
    wanted: { protocol: "redfish" as const, url: "https://x", credential: "bmc" },
  };
  const configured = { name: "rack", type: "inventory", power: true, autostart: false, digest: new Uint8Array(32) };
  // Not `providedList` and `providedPowerDue`: they compare each machine of a provider, so that a scan can be less work.
  const queries: Record<string, () => Promise<unknown>> = {
    providerNames: () => providerNames(database),
    providersElsewhere: () => providersElsewhere(database, session.id),
    providersStand: () => providersStand(database, session, [configured], { file: "providers.yaml" }),
    providerNote: () => providerNote(database, { name: "rack", power: true }, { machines: 1, problems: [] }),
    providerSeen: () => providerSeen(database, "rack"),
    takenRead: () => transact(database, null, (tx) => takenRead(tx, "rack", asked)),
    controllerWantedTake: () => controllerWantedTake(database, ["rack"], 16),
    controllerWantedDone: () => transact(database, null, (tx) => controllerWantedDone(tx, wanted)),
    controllerWantedFailed: () => controllerWantedFailed(database, wanted, { code: "unavailable", cause: "no answer" }),
    doubtsAccepted: () => doubtsAccepted(database, "other"),
    doubtedList: () => doubtedList(database, "other", 100),
    providerShow: () => providerShow(database, "rack"),
    providedUpdateAll: () => transact(database, null, (tx) => providedUpdateAll(tx, "rack", changes, system)),
    providedAddAll: () => transact(database, null, (tx) => providedAddAll(tx, "rack", added, system)),
    doubtsWrite: () => transact(database, null, (tx) => doubtsWrite(tx, "other", { cause: "gone", doubts })),
    providerAccept: () => providerAccept(database, accept),
    doubtsRelease: () => doubtsRelease(database, ["other"]),
    providedVanishAll: () => transact(database, null, (tx) => providedVanishAll(tx, "rack", ids, system)),
  };
  const scans: Record<string, string[]> = {};
  for (const [name, query] of Object.entries(queries)) {
    plans.length = 0;
    await query();
    expect({ name, plans: plans.length }).not.toEqual({ name, plans: 0 });
    const scanned = plans.filter((plan) => /Seq Scan on (?:machines|machine_\w+|history)/u.test(plan));
    if (scanned.length > 0) {
      scans[name] = scanned;
    }
  }
  expect(scans).toEqual({});
}, 300_000);
