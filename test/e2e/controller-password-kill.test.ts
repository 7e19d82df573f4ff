// A shepherd that is killed while it changes a controller's password: whatever it had done, the next one goes on, and no
// password is lost.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MemoryMachine } from "../../src/controllers/simulated/machine.ts";
import { plainShape } from "../../src/controllers/simulated/shape.ts";
import { SimulatedController } from "../../src/controllers/simulated/simulated-controller.ts";
import type { CredentialId, MachineId, OperationId } from "../../src/database/ids.ts";
import { sessionHold } from "../../src/database/session-holder.ts";
import { sessionsExpireTask } from "../../src/janitor/sessions-expire.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { credentialOpen } from "../../src/secrets/credential-open.ts";
import { keyRingFollow, type FollowedKeyRing } from "../../src/secrets/key-ring-follow.ts";
import { farrierStart, type FarrierProcess } from "../support/farrier-process.ts";
import { type Fleet, silent, testFleet } from "../support/fleet.ts";
import { controllerStore, operationEnd, passwordChangeAsk } from "../support/stored-controller.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const [old, wanted] = ["simulated-old", "Zq9-the-new-one"];
const patience = { timeoutMs: 120_000, intervalMs: 20 };

let stack: AsyncDisposableStack;
let fleet: Fleet;
let ring: FollowedKeyRing;
let bmc: SimulatedController;
let machineId: MachineId;
let credential: CredentialId;
let keyFile: string;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "farrier-password-kill-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  keyFile = join(folder, "secrets-key");
  fleet = stack.use(await testFleet());
  const { database } = fleet;
  const sessions = stack.use(sessionHold(database, { component: "server", log: silent, clock: systemClock }));
  await sessions.next();
  ring = stack.use(await keyRingFollow({ database, keyFile, mayMake: true, log: silent, clock: systemClock }));
  await ring.heldUnder(sessions);
  bmc = stack.use(await SimulatedController.start({ shape: plainShape, machine: new MemoryMachine(), password: old }));
  ({ machineId, credential } = await controllerStore(fleet, ring, { name: "web1", url: bmc.url, password: old }));
});
afterEach(() => stack.disposeAsync());

function shepherd(): FarrierProcess {
  const started = farrierStart(["shepherd", "--database-url", fleet.test.url, "--secrets-key", keyFile]);
  stack.defer(async () => {
    await started.end("SIGKILL");
  });
  return started;
}

const ask = (password: string | undefined): Promise<OperationId> => passwordChangeAsk(fleet, ring, machineId, password);

/** Kills a shepherd, and lets its session's time pass at once. */
async function kill(victim: FarrierProcess): Promise<void> {
  await victim.end("SIGKILL");
  await fleet.rows(
    "UPDATE sessions SET session_deadline = now() - interval '1 second' WHERE session_component = 'shepherd'",
  );
  await waitFor("its session to be collected", async () => {
    await sessionsExpireTask(fleet.database).run();
    return (await fleet.rows("SELECT FROM sessions WHERE session_component = 'shepherd'")).length === 0;
  });
}

const secrets = async () => {
  const { secret, nextSecret } = await credentialOpen(fleet.database, ring, credential);
  return { secret, nextSecret };
};
const refusals = (): number => bmc.calls.filter(({ status }) => status === 401).length;

/** The next shepherd ends the change; the password that it stores is the controller's. */
async function convergesTo(id: OperationId, password: string): Promise<void> {
  const next = shepherd();
  expect(await operationEnd(fleet, id)).toMatchObject({ result: { credential: "rack-web1", ownCredential: false } });
  expect(bmc.state.password).toBe(password);
  expect(await secrets()).toEqual({ secret: password, nextSecret: undefined });
  expect(await fleet.history({ machineId })).toEqual(["controller_password_changed"]);
  await next.end("SIGTERM");
}

test("killed before the change was sent: the next shepherd sends the same password", async () => {
  // Looking for the account is the last step before.
  bmc.faults.push({ method: "GET", path: /Accounts$/u, does: "hang" });
  const id = await ask(undefined);
  const first = shepherd();
  await waitFor(
    "the account to be looked for",
    async () => bmc.calls.some(({ path }) => path.endsWith("/Accounts")),
    patience,
  );
  await kill(first);
  const { secret, nextSecret = "" } = await secrets();
  expect(secret).toBe(old);
  expect(nextSecret).toMatch(/^[A-Za-z0-9._-]{16}$/u);
  expect(bmc.state.password).toBe(old);
  await convergesTo(id, nextSecret);
  expect(refusals()).toBe(0);
});

test("killed after the change, before its answer: the next shepherd finds the new password, and does not change it again", async () => {
  bmc.faults.push({ method: "PATCH", does: "hang" });
  const id = await ask(wanted);
  const first = shepherd();
  await waitFor("the change", async () => bmc.state.password === wanted, patience);
  await kill(first);
  expect(await secrets()).toEqual({ secret: old, nextSecret: wanted });
  bmc.sessions.endAll();
  await convergesTo(id, wanted);
  expect(bmc.calls.filter(({ method }) => method === "PATCH")).toHaveLength(1);
  // One login with the password before: controllers lock accounts after some.
  expect(refusals()).toBe(1);
});

test("killed after the answer, before the row: the next shepherd stores what was set", async () => {
  // The row is written with its entry in history, which waits for this.
  const client = await fleet.database.pool.connect();
  await client.query("BEGIN");
  await client.query("LOCK TABLE history IN SHARE MODE");
  const id = await ask(wanted);
  const first = shepherd();
  await waitFor(
    "the shepherd to wait for history",
    async () =>
      (await fleet.rows("SELECT FROM pg_locks WHERE NOT granted AND relation::regclass::text LIKE 'history%'")).length >
      0,
    patience,
  );
  expect(bmc.state.password).toBe(wanted);
  await kill(first);
  await client.query("ROLLBACK");
  client.release();
  expect(await secrets()).toEqual({ secret: old, nextSecret: wanted });
  await convergesTo(id, wanted);
  expect(bmc.calls.filter(({ method }) => method === "PATCH")).toHaveLength(1);
});
