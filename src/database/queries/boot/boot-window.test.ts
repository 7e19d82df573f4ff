import { createHash, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { command, operator, testFleet, type Fleet, type TestMachine } from "../../../../test/support/fleet.ts";
import type { MachineId } from "../../ids.ts";
import { transact } from "../../transaction.ts";
import { bootTokenGive } from "./boot-token.ts";
import { bootWindowClose, bootWindowOpen, bootWindowState } from "./boot-window.ts";
import { machineIdentitySet } from "../../machine-identity.ts";
import { machineQuarantine } from "../machine/machine-quarantine.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await testFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());

const open = (machine: TestMachine, seconds = 600) =>
  bootWindowOpen(fleet.database, machine.machineId, { actor: operator, seconds });
const state = (windowId: string) => bootWindowState(fleet.database, windowId);
const digest = (text: string) => createHash("sha256").update(text).digest();
const netboot = { kind: "component", name: "netboot" } as const;

async function identified(): Promise<TestMachine & { smbiosUuid: string }> {
  const machine = await fleet.add({ agent: false });
  const smbiosUuid = randomUUID();
  await transact(fleet.database, null, (tx) => machineIdentitySet(tx, machine.machineId, { smbiosUuid }));
  return { ...machine, smbiosUuid };
}

const give = (smbiosUuid: string, token = randomUUID()) =>
  bootTokenGive(fleet.database, {
    identity: { smbiosUuid, macs: [] },
    tokenDigest: digest(token),
    actor: netboot,
    address: "192.0.2.7",
  });

test("a window is open, its token is given out once, and history tells of both", async () => {
  const machine = await identified();
  const { windowId } = await open(machine);
  expect(await state(windowId)).toBe("open");
  const given = await Promise.all(Array.from({ length: 8 }, () => give(machine.smbiosUuid)));
  expect(given.filter(Boolean)).toHaveLength(1);
  expect(await state(windowId)).toBe("given");
  expect(await fleet.history(machine)).toEqual(["machine_added", "boot_window_opened", "boot_token_given"]);
  const rows = await fleet.rows("SELECT token_digest FROM machine_boot_window");
  expect(rows).toEqual([{ token_digest: expect.any(Buffer) as Buffer }]);
});

test("no token without a window, after it has closed, been replaced, or run out, and none in quarantine", async () => {
  const machine = await identified();
  expect(await give(machine.smbiosUuid)).toBe(false);
  const first = await open(machine);
  const second = await open(machine);
  expect([await state(first.windowId), await state(second.windowId)]).toEqual(["closed", "open"]);
  const close = { machineId: machine.machineId, actor: operator };
  expect(await bootWindowClose(fleet.database, { ...close, windowId: first.windowId })).toBe(false);
  expect(await bootWindowClose(fleet.database, { ...close, windowId: second.windowId })).toBe(true);
  expect(await bootWindowClose(fleet.database, close)).toBe(false);
  expect([await state(second.windowId), await give(machine.smbiosUuid)]).toEqual(["closed", false]);

  const third = await open(machine);
  await fleet.rows(
    "UPDATE machine_boot_window SET opened_at = now() - interval '2 s', closes_at = now() - interval '1 s' WHERE window_id = $1",
    third.windowId,
  );
  expect([await state(third.windowId), await give(machine.smbiosUuid)]).toEqual(["expired", false]);

  const fourth = await open(machine);
  await machineQuarantine(fleet.database, {
    ...command(machine, "machine_quarantine"),
    actor: operator,
    reason: "broken",
  });
  expect([await state(fourth.windowId), await give(machine.smbiosUuid)]).toEqual(["closed", false]);
  await expect(open(machine)).rejects.toThrow("this machine is in quarantine (broken): release it first");
});

test("a window for a machine that is not there, or of no length, is refused", async () => {
  const machine = await identified();
  const nobody = { machineId: randomUUID() as MachineId };
  await expect(open({ ...machine, ...nobody })).rejects.toMatchObject({ code: "not_found" });
  await expect(open(machine, 0)).rejects.toThrow("a boot window of 0 seconds: expected 1 to 86400");
  await expect(open(machine, Number.NaN)).rejects.toThrow(RangeError);
});

test("a window in the caller's transaction is there if and only if that commits", async () => {
  const machine = await identified();
  const failed = transact(fleet.database, null, async (tx) => {
    await bootWindowOpen(tx, machine.machineId, { actor: operator, seconds: 60 });
    throw new Error("no");
  });
  await expect(failed).rejects.toThrow("no");
  expect(await fleet.rows("SELECT FROM machine_boot_window WHERE machine_id = $1", machine.machineId)).toEqual([]);
  const { windowId } = await transact(fleet.database, null, (tx) =>
    bootWindowOpen(tx, machine.machineId, { actor: operator, seconds: 60 }),
  );
  expect(await state(windowId)).toBe("open");
});
