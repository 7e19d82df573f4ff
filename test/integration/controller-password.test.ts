// Changes of controllers' passwords, carried out by a shepherd on a real database, at simulated controllers.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { controllerAccess } from "../../src/main/parts/controller-access.ts";
import type { RedfishLimits } from "../../src/controllers/redfish/redfish-controller.ts";
import { MemoryMachine } from "../../src/controllers/simulated/machine.ts";
import { plainShape } from "../../src/controllers/simulated/shape.ts";
import { SimulatedController } from "../../src/controllers/simulated/simulated-controller.ts";
import { credentialId, type CredentialId } from "../../src/database/ids.ts";
import { operationsEnd } from "../../src/database/queries/controller/operations-end.ts";
import { credentialNextSeal, credentialOpen } from "../../src/secrets/credential-open.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { testKeyRing } from "../../src/secrets/testing/key-ring.ts";
import { testShepherd } from "../../src/shepherd/testing/test-shepherd.ts";
import type { Shepherd } from "../../src/shepherd/run.ts";
import { type Fleet, testFleet } from "../support/fleet.ts";
import {
  controllerAsk,
  controllerStore,
  operationEnd,
  passwordChangeAsk,
  type StoredController,
} from "../support/stored-controller.ts";
import { waitFor } from "../support/wait.ts";

let stack: AsyncDisposableStack;
let fleet: Fleet;
const ring = testKeyRing();
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  fleet = stack.use(await testFleet());
});
afterEach(() => stack.disposeAsync());

const old = "simulated-old";
const wanted = "Zq9-the-new-one";

/** A controller with its machine, and the credential that opens it. */
interface Rack extends StoredController {
  bmc: SimulatedController;
}

async function controller(name: string, shared?: CredentialId): Promise<Rack> {
  const bmc = stack.use(
    await SimulatedController.start({ shape: plainShape, machine: new MemoryMachine(), password: old }),
  );
  return { bmc, ...(await controllerStore(fleet, ring, { name, url: bmc.url, password: old, shared })) };
}

const shepherd = (limits: Partial<RedfishLimits> = {}): Shepherd =>
  testShepherd(fleet, {
    controllers: controllerAccess(fleet.database, ring, createMetrics(), limits),
    secrets: { heldUnder: () => Promise.resolve(), seal: ring.seal, open: ring.open },
  });

/** Asks for a change of the password, and resolves to its end. */
async function change({ machineId }: Rack, password?: string): Promise<Record<string, unknown>> {
  const ended = await operationEnd(fleet, await passwordChangeAsk(fleet, ring, machineId, password));
  expect(await fleet.rows("SELECT FROM controller_operation WHERE sealed_password IS NOT NULL")).toEqual([]);
  return ended;
}

/** Asks for a power command, and resolves to its end. */
const power = async ({ machineId }: Rack, command: "on" | "status"): Promise<Record<string, unknown>> =>
  operationEnd(fleet, await controllerAsk(fleet, machineId, { kind: "power", command }));

/** The machine's credential, opened. */
async function opened({ machineId }: Rack) {
  const rows = await fleet.rows<{ credential_id: CredentialId }>(
    "SELECT credential_id FROM machine_controller WHERE machine_id = $1",
    machineId,
  );
  return credentialOpen(fleet.database, ring, credentialId(rows[0]?.credential_id ?? ""));
}

/** Logins and calls that the controller refused. */
const refusals = ({ bmc }: Rack): number => bmc.calls.filter(({ status }) => status === 401).length;

test("the given password is set, stored, and in history; what fails no login", async () => {
  const web1 = await controller("web1");
  await using _shepherd = shepherd();
  expect(await change(web1, wanted)).toMatchObject({ result: { credential: "rack-web1", ownCredential: false } });
  expect(web1.bmc.state.password).toBe(wanted);
  expect(await opened(web1)).toMatchObject({ secret: wanted, name: "rack-web1" });
  expect(await opened(web1)).not.toHaveProperty("nextSecret");
  expect(await fleet.history({ machineId: web1.machineId })).toEqual(["controller_password_changed"]);
  expect(refusals(web1)).toBe(0);
  // And once more, from the new one.
  expect(await change(web1)).toMatchObject({ result: { credential: "rack-web1" } });
  expect(web1.bmc.state.password).toMatch(/^[A-Za-z0-9._-]{16}$/u);
  expect(await opened(web1)).toMatchObject({ secret: web1.bmc.state.password });
});

test("a password is made within the controller's limits", async () => {
  const web1 = await controller("web1");
  web1.bmc.state.passwordLength = { min: 8, max: 12 };
  await using _shepherd = shepherd();
  expect(await change(web1)).toMatchObject({ result: {} });
  expect(web1.bmc.state.password).toMatch(/^[A-Za-z0-9._-]{12}$/u);
  expect(await opened(web1)).toMatchObject({ secret: web1.bmc.state.password });
});

test("a given one beyond the limits is refused, and nothing is sent", async () => {
  const web1 = await controller("web1");
  await using _shepherd = shepherd();
  expect(await change(web1, "x".repeat(21))).toMatchObject({
    code: "refused",
    cause: expect.stringMatching(/8 to 20 characters, and the new one has 21: nothing was changed/u),
  });
  expect(web1.bmc.calls.filter(({ method }) => method === "PATCH")).toEqual([]);
  expect(await opened(web1)).not.toHaveProperty("nextSecret");
});

test("where other controllers use the credential, this one gets its own, and theirs stays", async () => {
  const web1 = await controller("web1");
  const web2 = await controller("web2", web1.credential);
  await using _shepherd = shepherd();
  expect(await change(web1, wanted)).toMatchObject({ result: { credential: "bmc-web1", ownCredential: true } });
  expect(await opened(web1)).toMatchObject({ name: "bmc-web1", secret: wanted, userName: "admin" });
  expect((await opened(web1)).mayReach({ host: "127.0.0.1", ip: "127.0.0.1" })).toBe(true);
  expect(await opened(web2)).toMatchObject({ name: "rack-web1", secret: old });
  expect([web1.bmc.state.password, web2.bmc.state.password]).toEqual([wanted, old]);
  // It is its own from now on: no other is made.
  expect(await change(web1)).toMatchObject({ result: { credential: "bmc-web1", ownCredential: false } });
  // The last controller that uses a credential changes it in place.
  expect(await change(web2, wanted)).toMatchObject({ result: { credential: "rack-web1", ownCredential: false } });
  expect([refusals(web1), refusals(web2)]).toEqual([0, 0]);
});

test("two machines behind one controller stay with one credential", async () => {
  const web1 = await controller("web1");
  const web2 = await controller("web2", web1.credential);
  await fleet.rows(
    "UPDATE machine_controller SET url = $2, system = '2' WHERE machine_id = $1",
    web2.machineId,
    web1.bmc.url,
  );
  await using _shepherd = shepherd();
  expect(await change(web1, wanted)).toMatchObject({ result: { credential: "rack-web1", ownCredential: false } });
  expect(await opened(web2)).toMatchObject({ secret: wanted });
});

test("what the controller repeats of the passwords before is in no failure", async () => {
  const web1 = await controller("web1");
  await using _shepherd = shepherd();
  await change(web1, wanted);
  await change(web1);
  const message = `${old} ${wanted} ${web1.bmc.state.password}`;
  web1.bmc.faults.push({ method: "POST", path: /Reset/u, times: 9, does: { status: 400, id: "X", message } });
  expect(await power(web1, "on")).toMatchObject({ cause: expect.stringContaining("[secret] [secret] [secret]") });
});

test("a controller that demands a new password at the first login gets one", async () => {
  const web1 = await controller("web1");
  web1.bmc.state.passwordChange = true;
  await using _shepherd = shepherd();
  expect(await change(web1)).toMatchObject({ result: { credential: "rack-web1" } });
  expect(web1.bmc.state.passwordChange).toBe(false);
  expect(await opened(web1)).toMatchObject({ secret: web1.bmc.state.password });
});

describe("what goes wrong on the way", () => {
  test("a refusal leaves the old password, and no next one; the new one is in no message", async () => {
    const web1 = await controller("web1");
    web1.bmc.faults.push({
      method: "PATCH",
      does: { status: 400, id: "PropertyValueFormatError", message: `"${wanted}" is in a dictionary` },
    });
    await using _shepherd = shepherd();
    const ended = await change(web1, wanted);
    expect(ended).toMatchObject({ code: "refused", cause: expect.stringContaining("is in a dictionary") });
    expect(JSON.stringify(ended)).not.toContain(wanted);
    expect(await opened(web1)).toMatchObject({ secret: old });
    expect(await opened(web1)).not.toHaveProperty("nextSecret");
    expect(refusals(web1)).toBe(0);
  });

  test("an answer that is lost after the change: the new password is found to be the right one", async () => {
    const web1 = await controller("web1");
    web1.bmc.faults.push({ method: "PATCH", does: "cut-after" });
    await using _shepherd = shepherd();
    expect(await change(web1, wanted)).toMatchObject({ result: { credential: "rack-web1" } });
    expect(await opened(web1)).toMatchObject({ secret: wanted });
    expect(refusals(web1)).toBe(0);
  });

  test("a request that is lost before the change: the old one is found to be the right one, by one login more", async () => {
    const web1 = await controller("web1");
    web1.bmc.faults.push({ method: "PATCH", does: "cut" });
    await using _shepherd = shepherd();
    expect(await change(web1, wanted)).toMatchObject({ code: "unreachable" });
    expect(await opened(web1)).toMatchObject({ secret: old });
    expect(await opened(web1)).not.toHaveProperty("nextSecret");
    expect(refusals(web1)).toBe(1);
  });

  test("a controller that takes neither: both stay stored, and a later use finds the right one", async () => {
    const web1 = await controller("web1");
    web1.bmc.faults.push({ method: "PATCH", does: "cut-after" });
    const busy = { method: "POST", path: /Sessions$/u, times: 1000, does: "cut" as const };
    // Two logins in turn are tried for as long as a controller may be busy.
    await using _shepherd = shepherd({ reading: { first: 100, most: 500, total: 2_000 } });
    const asked = change(web1, wanted);
    await waitFor("the change", async () => web1.bmc.state.password === wanted);
    web1.bmc.faults.push(busy);
    expect(await asked).toMatchObject({ code: "unreachable" });
    expect(await opened(web1)).toMatchObject({ secret: old, nextSecret: wanted });
    web1.bmc.faults.splice(0);
    expect(await power(web1, "status")).toMatchObject({ result: { power: "off" } });
    expect(await opened(web1)).toMatchObject({ secret: wanted });
    expect(await opened(web1)).not.toHaveProperty("nextSecret");
  });

  test("a change in a task that the account may not read: the new password is found to be the right one", async () => {
    const web1 = await controller("web1");
    web1.bmc.tasks.mode = "location";
    web1.bmc.faults.push({ method: "GET", path: /TaskMonitors/u, does: { status: 403, id: "InsufficientPrivilege" } });
    await using _shepherd = shepherd();
    expect(await change(web1, wanted)).toMatchObject({ result: { credential: "rack-web1" } });
    expect(await opened(web1)).toMatchObject({ secret: wanted });
  });

  test("an accepted change that is not in effect yet: the old password is used on, and the new one once it holds", async () => {
    const web1 = await controller("web1");
    web1.bmc.faults.push({ method: "PATCH", does: { status: 204 } });
    await using _shepherd = shepherd();
    expect(await change(web1, wanted)).toMatchObject({ code: "not_done" });
    expect(await opened(web1)).toMatchObject({ secret: old, nextSecret: wanted });
    expect(await power(web1, "status")).toMatchObject({ result: { power: "off" } });
    web1.bmc.state.password = wanted;
    web1.bmc.sessions.endAll();
    // The first use, this one or the shepherd's own, is refused with the old password; the next one tries both.
    await power(web1, "status");
    expect(await power(web1, "status")).toMatchObject({ result: { power: "off" } });
    expect(refusals(web1)).toBeGreaterThan(0);
    expect(await opened(web1)).toMatchObject({ secret: wanted });
    expect(await opened(web1)).not.toHaveProperty("nextSecret");
  });

  test("the stored password is not called the new one while it does not log in", async () => {
    const web1 = await controller("web1");
    await using _shepherd = shepherd();
    expect(await change(web1, old)).toMatchObject({ result: { credential: "rack-web1" } });
    web1.bmc.state.password = "changed-by-hand";
    web1.bmc.sessions.endAll();
    expect(await change(web1, old)).toMatchObject({ code: "unauthorized" });
  });

  test("nor while an old session of it is still good: a new login is what proves it", async () => {
    const web1 = await controller("web1");
    await using _shepherd = shepherd();
    expect(await power(web1, "status")).toMatchObject({ result: { power: "off" } });
    web1.bmc.state.password = "changed-by-hand";
    expect(await change(web1, old)).toMatchObject({
      code: "unauthorized",
      cause: expect.stringContaining("changed it"),
    });
    expect(refusals(web1)).toBe(1);
  });

  test("a next secret that was not set is left alone while the current one logs in", async () => {
    const web1 = await controller("web1");
    await credentialNextSeal(fleet.database.kysely, ring, web1.credential, "never-set-there");
    await using _shepherd = shepherd();
    expect(await change(web1, wanted)).toMatchObject({ result: {} });
    expect(await opened(web1)).toMatchObject({ secret: wanted });
    expect(await opened(web1)).not.toHaveProperty("nextSecret");
    expect(refusals(web1)).toBe(0);
  });

  test("a change that was begun by a lost shepherd ends when the machine has no controller any more", async () => {
    const web1 = await controller("web1");
    const id = await passwordChangeAsk(fleet, ring, web1.machineId, wanted);
    await fleet.rows("UPDATE controller_operation SET sent_at = now()");
    expect(await operationsEnd(fleet.database.kysely)).toBe(0);
    await fleet.rows("DELETE FROM machine_controller");
    expect(await operationsEnd(fleet.database.kysely)).toBe(1);
    expect(await operationEnd(fleet, id)).toMatchObject({ code: "interrupted" });
    expect(await fleet.rows("SELECT FROM controller_operation WHERE sealed_password IS NOT NULL")).toEqual([]);
  });

  test("a second change while one is open is refused", async () => {
    const web1 = await controller("web1");
    const ask = () => passwordChangeAsk(fleet, ring, web1.machineId, undefined);
    const asked = await Promise.allSettled([ask(), ask(), ask()]);
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(asked.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "refused", message: expect.stringContaining("is being changed already, for machine web1") },
    });
  });
});
