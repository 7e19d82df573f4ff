import { createHash, randomUUID } from "node:crypto";
import { redfishController } from "../src/controllers/redfish/redfish-controller.ts";
import { machineId, operationId, requestId, type MachineId } from "../src/database/ids.ts";
import { operationAsk, operationShow } from "../src/database/queries/controller/operation.ts";
import { notificationsListen } from "../src/database/notifications.ts";
import { systemClock } from "../src/lib/clock.ts";
import { createLogger } from "../src/lib/log.ts";
import { createMetrics } from "../src/metrics/metrics.ts";
import { shepherdRun } from "../src/shepherd/run.ts";
import type { SeenCall, StartedControllers } from "./support/controllers.worker.ts";
import type { BenchDatabase } from "./support/database.ts";
import type { Worker } from "./support/processes.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

/** Machines that are switched on, one after the other. */
const machines = scaled(20, 3);
/** Milliseconds between two looks of the bare calls. */
const look = 100;

interface Parts {
  database: BenchDatabase;
  worker: Worker;
  started: StartedControllers;
}

/**
 * P15-power: from an operator's request in the database until it is recorded that the machine is on, as a ratio to the
 * bare calls in it (login, reading, reset, readings until it is on, logout) by plain fetch, by turns.
 */
export async function benchPowerOn({ database, worker, started }: Parts, options: { json: boolean }): Promise<void> {
  const { database: on, address } = database;
  const log = createLogger({ level: "error", component: "bench" });
  const login = { userName: started.userName, password: started.password, mayReach: () => true };
  const { rows } = await on.pool.query<{ machine_id: string; url: string }>(
    "SELECT machine_id, url FROM machine_controller ORDER BY machine_id LIMIT $1",
    [machines],
  );
  // Looks of the slow pace would be in between.
  await on.pool.query("UPDATE machine_controller_contact SET look_at = now() + interval '1 day'");
  let heard = Promise.withResolvers<void>();
  await using _listening = notificationsListen({
    ...{ address, log, clock: systemClock, channel: "farrier_operation" },
    handlers: {
      machineChanged: () => heard.resolve(),
      listening: () => heard.resolve(),
      deaf: () => undefined,
    },
  });
  await using _shepherd = shepherdRun({
    ...{ database: on, log, clock: systemClock, metrics: createMetrics(), address },
    unlisted: (name) => ({ name }),
    controllers: {
      open: ({ url, system, trust }) => Promise.resolve(redfishController({ url, system, trust }, login)),
      openWith: () => {
        throw new Error("not in this benchmark");
      },
      certificateRead: () => Promise.reject(new Error("not in this benchmark")),
    },
  });

  /** Asks for a command, and resolves when it is recorded as done. */
  async function asked(id: MachineId, command: "on" | "off"): Promise<void> {
    const request = requestId(randomUUID());
    const bodyDigest = createHash("sha256").update(request).digest();
    const body = { kind: "power", command } as const;
    await operationAsk(on, { requestId: request, bodyDigest, machineId: id, asked: body, askedBy: "bench" });
    for (;;) {
      const hint = heard.promise;
      const { ended } = await operationShow(on, operationId(request));
      if (ended !== undefined) {
        if (!("result" in ended)) {
          throw new Error(ended.cause);
        }
        return;
      }
      await hint;
      heard = Promise.withResolvers<void>();
    }
  }

  const ours: number[] = [];
  const bare: number[] = [];
  for (const { machine_id: id, url } of rows) {
    let begun = performance.now();
    await asked(machineId(id), "on");
    ours.push(performance.now() - begun);
    await asked(machineId(id), "off");
    begun = performance.now();
    await bareOn(url, started);
    bare.push(performance.now() - begun);
  }
  const seen = await worker.ask<SeenCall[]>({ do: "calls" });
  report(
    {
      id: "P15-power",
      value: median(ours) / median(bare),
      target: 1.5,
      better: "lower",
      details: {
        "from request to powered on, ms, median": median(ours),
        "the bare calls, ms, median": median(bare),
        "milliseconds that a machine takes to show that it is on": 1000,
        "milliseconds between two looks of the bare calls": look,
        machines: rows.length,
        "calls of controllers, of both": seen.length,
        durability: database.durability,
      },
    },
    options.json,
  );
}

/** The bare calls: login, reading, reset, readings until the machine is on, logout. */
async function bareOn(url: string, { userName, password }: StartedControllers): Promise<void> {
  const call = async (path: string, init: RequestInit): Promise<Response> => {
    const reply = await fetch(`${url}${path}`, init);
    if (!reply.ok) {
      throw new Error(`${path} answered ${reply.status}`);
    }
    return reply;
  };
  const post = (body: unknown, headers = {}): RequestInit => ({
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const session = await call("/redfish/v1/SessionService/Sessions", post({ UserName: userName, Password: password }));
  const token = { "x-auth-token": session.headers.get("x-auth-token") ?? "" };
  await session.json();
  const system = "/redfish/v1/Systems/1";
  const read = async (): Promise<unknown> =>
    ((await (await call(system, { headers: token })).json()) as { PowerState?: unknown }).PowerState;
  await read();
  await (await call(`${system}/Actions/ComputerSystem.Reset`, post({ ResetType: "On" }, token))).text();
  while ((await read()) !== "On") {
    await systemClock.sleep(look);
  }
  await call(session.headers.get("location") ?? "", { method: "DELETE", headers: token });
}
