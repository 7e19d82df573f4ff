import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generation as toGeneration, type Generation } from "../../ids.ts";
import {
  command,
  operator,
  requestRaw,
  reserialise,
  testFleet,
  type Fleet,
  type TestMachine,
} from "../../../../test/support/fleet.ts";
import { CodedError } from "../../../lib/errors.ts";
import { installationRequest } from "./installation-request.ts";
import { installationCancel } from "./installation-cancel.ts";
import { installationRetriesMake, installationRetry } from "./installation-retry.ts";
import { machineShow } from "../machine/machine-show.ts";
import { machineQuarantine, machineRelease } from "../machine/machine-quarantine.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await testFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());

const policy = { attempts: 2, initial: 60, maximum: 100, exponent: 10 };

const requestWithBudget = async (machine: TestMachine, raw?: Uint8Array): Promise<Generation> => {
  const { generation } = await installationRequest(fleet.database, {
    ...command(machine, "installation_request"),
    actor: operator,
    serialise: (value) => raw ?? requestRaw(value),
    retry: policy,
  });
  return generation;
};

/** As an agent's error report does. */
const fail = (machine: TestMachine, generation: bigint) =>
  fleet.rows(
    `INSERT INTO machine_os_installation_report (machine_id, generation, result, error, reported_by)
     VALUES ($1, $2, 'error', 'it broke', 'agent')
     ON CONFLICT (machine_id) DO UPDATE SET generation = excluded.generation, result = 'error', error = 'it broke',
       reported_by = 'agent'`,
    machine.machineId,
    generation,
  );

/** What is left of the budget: the generation, tries, and seconds until the next one, if it is waited for. */
const budget = async (machine: TestMachine): Promise<unknown> => {
  const [row] = await fleet.rows<{ generation: bigint; attempts_left: number; wait: number | null }>(
    `SELECT generation, attempts_left, extract(epoch FROM not_before - now())::float8 AS wait
     FROM machine_os_installation_retry WHERE machine_id = $1`,
    machine.machineId,
  );
  return row;
};

const due = (machine: TestMachine) =>
  fleet.rows(
    "UPDATE machine_os_installation_retry SET not_before = now() WHERE machine_id = $1 AND not_before IS NOT NULL",
    machine.machineId,
  );

const make = async () => (await installationRetriesMake(fleet.database, reserialise, 10)).length;

const retry = (machine: TestMachine, generation: bigint, requestId?: string) =>
  installationRetry(fleet.database, {
    ...command(machine, "installation_retry", requestId === undefined ? {} : { requestId }),
    actor: operator,
    generation,
    reserialise,
  });

describe("a retry budget", () => {
  test("makes generation after generation, each wait longer, until it is used up", async () => {
    const machine = await fleet.add();
    const first = await requestWithBudget(machine);
    expect(await make()).toBe(0);
    await fail(machine, first);
    // 60 s, and up to a tenth of jitter.
    expect(await budget(machine)).toMatchObject({ generation: 1n, attempts_left: 2 });
    const { installation, state } = await machineShow(fleet.database, machine.machineId);
    expect(state).toMatchObject({ state: "install-failed", retryAt: installation?.retry?.nextAt });
    const wait = (installation?.retry?.nextAt?.getTime() ?? 0) - Date.now();
    expect(wait).toBeGreaterThan(50_000);
    expect(wait).toBeLessThan(70_000);
    expect(await make()).toBe(0);
    await due(machine);
    expect(await make()).toBe(1);
    expect(await budget(machine)).toEqual({ generation: 2n, attempts_left: 1, wait: null });
    await fail(machine, 2n);
    // 600 s would be the next, 100 s are the most.
    const second = (await budget(machine)) as { wait: number };
    expect(second.wait).toBeGreaterThan(90);
    expect(second.wait).toBeLessThan(111);
    await due(machine);
    expect(await make()).toBe(1);
    await fail(machine, 3n);
    expect(await budget(machine)).toEqual({ generation: 3n, attempts_left: 0, wait: null });
    await due(machine);
    expect(await make()).toBe(0);
    expect(await fleet.history(machine)).toEqual([
      "machine_added",
      "agent_registered",
      "installation_requested 1",
      "installation_requested 2",
      "installation_requested 3",
    ]);
    const details = await fleet.rows(
      "SELECT actor_kind, detail FROM history WHERE machine_id = $1 AND generation > 1 ORDER BY id",
      machine.machineId,
    );
    expect(details).toEqual([
      { actor_kind: "system", detail: { retryOf: "1", attemptsLeft: 1 } },
      { actor_kind: "system", detail: { retryOf: "2", attemptsLeft: 0 } },
    ]);
  });

  test("asks for the same under the new generation, with what this server does not know", async () => {
    const machine = await fleet.add();
    await fail(machine, await requestWithBudget(machine));
    await due(machine);
    await make();
    const { installation } = await machineShow(fleet.database, machine.machineId);
    expect(Buffer.from(installation?.requestRaw ?? []).equals(Buffer.from(requestRaw(2n)))).toBe(true);
  });

  test("of a success is forgotten", async () => {
    const machine = await fleet.add();
    await requestWithBudget(machine);
    await fleet.rows(
      "INSERT INTO machine_os_installation_report (machine_id, generation, result, reported_by) VALUES ($1, 1, 'success', 'agent')",
      machine.machineId,
    );
    expect(await budget(machine)).toBeUndefined();
  });

  test.each(["a request without one", "a cancellation while it is pending", "one while it waits", "a quarantine"])(
    "is stopped by %s",
    async (what) => {
      const machine = await fleet.add();
      await requestWithBudget(machine);
      if (what === "a cancellation while it is pending") {
        await fleet.cancel(machine, { generation: 1n });
      } else {
        await fail(machine, 1n);
        await due(machine);
        if (what === "a request without one") {
          await fleet.request(machine);
        } else if (what === "one while it waits") {
          const cancelled = await installationCancel(fleet.database, {
            ...command(machine, "installation_cancel"),
            actor: operator,
            reason: "enough",
            generation: 1n,
          });
          expect(cancelled).toMatchObject({ generation: 1n, retriesStopped: true });
          expect((await fleet.history(machine)).at(-1)).toBe("installation_retries_stopped 1");
          await expect(fleet.cancel(machine, { generation: 1n })).rejects.toMatchObject({ code: "refused" });
        } else {
          const quarantine = { ...command(machine, "machine_quarantine"), actor: operator, reason: "smoke" };
          expect(await machineQuarantine(fleet.database, quarantine)).toBe(0n);
          await machineRelease(fleet.database, { ...command(machine, "machine_release"), actor: operator });
        }
      }
      expect(await budget(machine)).toBeUndefined();
      expect(await make()).toBe(0);
    },
  );

  test("of a request that can't be read is given up, and history says so", async () => {
    const machine = await fleet.add();
    await requestWithBudget(machine, Uint8Array.of(0x0a, 0xff));
    await fail(machine, 1n);
    await due(machine);
    await make();
    expect(await budget(machine)).toBeUndefined();
    expect((await fleet.history(machine)).at(-1)).toBe("installation_retries_stopped 1");
  });

  test("of a request whose key this process lacks waits, and is spent once the key is there", async () => {
    const machine = await fleet.add();
    await fail(machine, await requestWithBudget(machine));
    await due(machine);
    const lacking = (): never => {
      throw new CodedError("key_missing", "the key 0123 is not in the key file");
    };
    expect(await installationRetriesMake(fleet.database, lacking, 10)).toEqual([]);
    const waiting = (await budget(machine)) as { wait: number };
    expect(waiting).toMatchObject({ generation: 1n, attempts_left: 2 });
    expect(waiting.wait).toBeGreaterThan(30);
    await due(machine);
    expect(await make()).toBe(1);
  });

  test("is spent once, even if several processes look at the same time", async () => {
    const machine = await fleet.add();
    await fail(machine, await requestWithBudget(machine));
    await due(machine);
    const made = await Promise.all(Array.from({ length: 5 }, make));
    expect(made.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect((await machineShow(fleet.database, machine.machineId)).lastGeneration).toBe(2n);
  });
});

describe("a retry by hand", () => {
  test("makes a new generation of a failed or cancelled installation, once for each request id", async () => {
    const machine = await fleet.add();
    await fail(machine, await fleet.request(machine));
    const requestId = "0e6ad9a6-6d2a-4b62-9f0e-2a9d3f6f4a11";
    expect(await retry(machine, 1n, requestId)).toBe(2n);
    expect(await retry(machine, 1n, requestId)).toBe(2n);
    await fleet.cancel(machine);
    expect(await retry(machine, 2n)).toBe(3n);
    expect(toGeneration(3n)).toBe((await machineShow(fleet.database, machine.machineId)).installation?.generation);
  });

  test("is refused of what is pending, succeeded, is not the newest, or was never asked for", async () => {
    const machine = await fleet.add();
    const refused = (generation: bigint, message: RegExp) =>
      expect(retry(machine, generation)).rejects.toMatchObject({
        code: "refused",
        message: expect.stringMatching(message) as string,
      });
    await refused(1n, /nothing was ever requested/u);
    await fleet.request(machine);
    await refused(1n, /is still pending/u);
    await fail(machine, 1n);
    await refused(2n, /its newest is generation 1/u);
    await fleet.request(machine);
    await refused(1n, /its newest is generation 2/u);
    await fleet.rows(
      "UPDATE machine_os_installation_report SET generation = 2, result = 'success', error = NULL WHERE machine_id = $1",
      machine.machineId,
    );
    await refused(2n, /succeeded/u);
  });

  test("is refused in quarantine, as any request is", async () => {
    const machine = await fleet.add();
    await fleet.request(machine);
    const quarantine = { ...command(machine, "machine_quarantine"), actor: operator, reason: "smoke" };
    expect(await machineQuarantine(fleet.database, quarantine)).toBe(1n);
    expect(await machineQuarantine(fleet.database, quarantine)).toBe(1n);
    await expect(retry(machine, 1n)).rejects.toThrow(/in quarantine \(smoke\): release it first/u);
    await expect(fleet.request(machine)).rejects.toThrow(/in quarantine/u);
    const { installation } = await machineShow(fleet.database, machine.machineId);
    expect(installation?.final).toMatchObject({ result: "cancelled", error: "quarantined: smoke", by: "operator" });
    await machineRelease(fleet.database, { ...command(machine, "machine_release"), actor: operator });
    expect((await machineShow(fleet.database, machine.machineId)).installation?.pending).toBe(false);
    expect(await retry(machine, 1n)).toBe(2n);
  });
});
