import { createHash, randomBytes, randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { operator, silent, testFleet, type Fleet, type TestMachine } from "../../../../test/support/fleet.ts";
import { systemClock } from "../../../lib/clock.ts";
import { DatabaseError } from "../../errors.ts";
import { agentKey } from "../../ids.ts";
import { sessionStart, type Session } from "../../session.ts";
import { transact } from "../../transaction.ts";
import { bootTokenGive } from "../boot/boot-token.ts";
import { bootWindowOpen, bootWindowState } from "../boot/boot-window.ts";
import { claimsLimit } from "./enrollment-claim.ts";
import { agentEnroll, type AgentEnrollment } from "./enrollment.ts";
import { machineIdentitySet } from "../../machine-identity.ts";

let fleet: Fleet;
let session: Session;
beforeAll(async () => {
  fleet = await testFleet({ connections: 12 });
  session = await sessionStart(fleet.database, { component: "server", log: silent, clock: systemClock });
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
});

const digestOf = (text: string) => createHash("sha256").update(text).digest();
const newKey = () => agentKey(randomBytes(32));

interface Booting extends TestMachine {
  identity: AgentEnrollment["identity"];
  windowId: string;
  tokenDigest: Buffer;
}

/** A machine with a pending request, known by its UUID and MAC, in a window whose token was given out. */
async function booting(): Promise<Booting> {
  const machine = await fleet.add({ agent: false });
  const identity = {
    smbiosUuid: randomUUID(),
    macs: [`52:54${randomBytes(4).toString("hex").replaceAll(/../gu, ":$&")}`],
  };
  await transact(fleet.database, null, (tx) => machineIdentitySet(tx, machine.machineId, identity));
  await fleet.request(machine);
  const { windowId } = await bootWindowOpen(fleet.database, machine.machineId, { actor: operator, seconds: 600 });
  const tokenDigest = digestOf(randomUUID());
  const actor = { kind: "component", name: "netboot" } as const;
  expect(await bootTokenGive(fleet.database, { identity, tokenDigest, actor, address: "" })).toBe(true);
  return { ...machine, identity, windowId, tokenDigest };
}

const enroll = (enrollment: Partial<AgentEnrollment>) =>
  agentEnroll(fleet.database, session, {
    publicKey: newKey(),
    identity: { macs: [] },
    address: "192.0.2.9",
    ...enrollment,
  });

/** As an agent does: asks again where the machine was locked for too long, as on a busy host it may be. */
async function enrollPatiently(enrollment: Partial<AgentEnrollment>): ReturnType<typeof enroll> {
  for (;;) {
    try {
      return await enroll(enrollment);
    } catch (error) {
      if (!(error instanceof DatabaseError && error.code === "busy")) {
        throw error;
      }
    }
  }
}

async function standing(machine: TestMachine) {
  const [row] = await fleet.rows<{ key: Buffer | null; reason: string | null; pending: boolean }>(
    `SELECT a.agent_public_key AS key, z.reason, installation_pending(q.generation, r.generation) AS pending
     FROM machines m LEFT JOIN machine_agent_started a USING (machine_id) LEFT JOIN machine_quarantine z USING (machine_id)
     LEFT JOIN machine_os_installation_request q USING (machine_id)
     LEFT JOIN machine_os_installation_report r USING (machine_id) WHERE m.machine_id = $1`,
    machine.machineId,
  );
  return row;
}

test("a token binds the first key that presents it; the same key again gets the same answer", async () => {
  const { machineId, identity, tokenDigest, windowId, ...machine } = await booting();
  const publicKey = newKey();
  const hardware = { raw: Buffer.from("report"), fingerprint: digestOf("report") };
  const first = await enroll({ publicKey, identity, tokenDigest, hardware });
  expect(first).toEqual({ status: "accepted", machineId, newly: true });
  expect(await enroll({ publicKey, identity, tokenDigest, hardware })).toEqual({ ...first, newly: false });
  expect(await enroll({ publicKey })).toEqual({ ...first, newly: false });
  expect(await bootWindowState(fleet.database, windowId)).toBe("enrolled");
  expect(await standing({ machineId, ...machine })).toEqual({
    key: Buffer.from(publicKey),
    reason: null,
    pending: true,
  });
  expect(await fleet.history({ machineId })).toEqual([
    "machine_added",
    "installation_requested 1",
    "boot_window_opened",
    "boot_token_given",
    "agent_enrolled",
    "hardware_reported",
  ]);
  expect(await fleet.rows("SELECT hardware_report_raw AS raw FROM machine_hardware_report")).toEqual([
    { raw: hardware.raw },
  ]);
  expect(await fleet.rows("SELECT FROM enrollment_claim")).toEqual([]);
});

test(
  "of many keys with one token exactly one wins, and the machine is in quarantine when another had it too",
  { timeout: 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        // Who comes (one of three keys), and how: with the token, naming the machine, or both.
        fc.array(fc.record({ who: fc.nat(2), token: fc.boolean(), names: fc.boolean() }), {
          minLength: 1,
          maxLength: 9,
        }),
        // Each from an address of its own, or all from one, as behind address translation.
        fc.boolean(),
        async (calls, spread) => {
          const machine = await booting();
          const keys = [newKey(), newKey(), newKey()];
          const outcomes = await Promise.all(
            calls.map(({ who, token, names }) =>
              enrollPatiently({
                ...(keys[who] === undefined ? {} : { publicKey: keys[who] }),
                identity: names ? machine.identity : { macs: [] },
                address: spread ? `192.0.2.${who}` : "192.0.2.9",
                ...(token ? { tokenDigest: machine.tokenDigest } : {}),
              }),
            ),
          );
          const claimants = new Set(calls.flatMap(({ who, token, names }) => (token || names ? [who] : [])));
          const presented = calls.some(({ token }) => token);
          const after = await standing(machine);
          const winner = keys.findIndex((key) => after?.key?.equals(key) === true);
          expect(winner !== -1).toBe(presented);
          // An agent that names the machine after another was let in may be the machine itself after a reset: see below.
          const presenters = new Set(calls.flatMap(({ who, token }) => (token ? [who] : [])));
          if (presenters.size > 1) {
            expect(after?.reason).not.toBeNull();
          }
          if (!presented || claimants.size === 1) {
            expect(after?.reason).toBeNull();
          }
          if (spread) {
            expect(after?.reason !== null).toBe(presented && claimants.size > 1);
          }
          expect(after?.pending).toBe(after?.reason === null);
          // Only the winner is ever let in, each time once it has presented the token.
          outcomes.forEach((outcome, index) => {
            if (outcome.status === "accepted") {
              expect(calls[index]?.who).toBe(winner);
            } else if (calls[index]?.token === true) {
              expect(calls[index].who).not.toBe(winner);
            }
          });
          const events = await fleet.history(machine);
          expect(events.filter((event) => event === "agent_enrolled")).toHaveLength(presented ? 1 : 0);
          expect(events.filter((event) => event === "second_claimant")).toHaveLength(after?.reason === null ? 0 : 1);
          await fleet.rows("DELETE FROM enrollment_claim");
        },
      ),
      { numRuns: 40 },
    );
  },
);

test("a token is no good in another window, after it has closed, or for an agent that claims to be another machine", async () => {
  const machine = await booting();
  const other = await booting();
  expect(await enroll({ identity: other.identity, tokenDigest: machine.tokenDigest })).toMatchObject({
    status: "awaiting",
  });
  expect(await standing(machine)).toEqual({ key: null, reason: null, pending: true });
  await bootWindowOpen(fleet.database, machine.machineId, { actor: operator, seconds: 600 });
  expect(await enroll({ identity: machine.identity, tokenDigest: machine.tokenDigest })).toMatchObject({
    status: "awaiting",
  });
  await fleet.rows(
    "UPDATE machine_boot_window SET opened_at = now() - interval '2 s', closes_at = now() - interval '1 s'",
  );
  expect(await enroll({ identity: other.identity, tokenDigest: other.tokenDigest })).toMatchObject({
    status: "awaiting",
  });
  expect(await standing(other)).toEqual({ key: null, reason: null, pending: true });
});

test("the agent of before, alive beside the new one, is a second claimant; alone, before it or after it, it is none", async () => {
  const machine = await booting();
  const [before, after] = [newKey(), newKey()];
  await fleet.rows(
    "INSERT INTO machine_agent_started (machine_id, agent_public_key) VALUES ($1, $2)",
    machine.machineId,
    Buffer.from(before),
  );
  const { identity, tokenDigest } = machine;
  expect(await enroll({ publicKey: before, identity })).toMatchObject({ status: "accepted" });
  expect(await enroll({ publicKey: after, identity, tokenDigest })).toMatchObject({ status: "accepted", newly: true });
  expect(await standing(machine)).toMatchObject({ reason: null });
  // It may be the machine itself, reset since: only that both live says that there are two.
  const again = await enroll({ publicKey: before, identity });
  expect(again).toMatchObject({ status: "awaiting" });
  expect(again).not.toHaveProperty("secondClaimantOf");
  expect(await standing(machine)).toMatchObject({ reason: null });
  await fleet.rows("UPDATE enrollment_claim SET first_seen_at = now() - interval '1 minute'");
  expect(await enroll({ publicKey: before, identity })).not.toHaveProperty("secondClaimantOf");
  await fleet.rows(
    "INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket) VALUES ($1, now(), 0)",
    machine.machineId,
  );
  expect(await enroll({ publicKey: before, identity })).toMatchObject({
    status: "awaiting",
    secondClaimantOf: machine.machineId,
  });
  expect((await standing(machine))?.reason).toMatch(
    /^a second claimant: key [0-9a-f]{16} \(from 192\.0\.2\.9\) claimed/u,
  );
});

test("without the token, who asks from another address than the agent that was let in is a second claimant", async () => {
  const machine = await booting();
  const { identity, tokenDigest, machineId } = machine;
  expect(await enroll({ identity, tokenDigest })).toMatchObject({ status: "accepted" });
  expect(await enroll({ identity })).not.toHaveProperty("secondClaimantOf");
  expect(await enroll({ identity, address: "192.0.2.66" })).toMatchObject({ secondClaimantOf: machineId });
  expect((await standing(machine))?.reason).toContain("(from 192.0.2.66)");
});

test("claims are bounded: the newest comes in the place of who was not seen for long, or is not remembered", async () => {
  await fleet.rows("DELETE FROM enrollment_claim");
  await fleet.rows(
    `INSERT INTO enrollment_claim (agent_public_key, claim_address)
     SELECT sha256(n::text::bytea), '' FROM generate_series(1, $1::integer) n`,
    claimsLimit,
  );
  const publicKey = newKey();
  expect(await enroll({ publicKey })).toEqual({ status: "awaiting", claim: "full" });
  await fleet.rows(
    "UPDATE enrollment_claim SET last_seen_at = now() - interval '1 hour' WHERE agent_public_key = sha256('7')",
  );
  const hardware = { raw: randomBytes(65 << 10), fingerprint: digestOf("large") };
  expect(await enroll({ publicKey, hardware })).toEqual({ status: "awaiting", claim: "new" });
  expect(await enroll({ publicKey })).toEqual({ status: "awaiting", claim: "known" });
  expect(
    await fleet.rows(
      "SELECT count(*)::integer AS n, count(hardware_report_raw)::integer AS reports FROM enrollment_claim",
    ),
  ).toEqual([{ n: claimsLimit, reports: 0 }]);
  await fleet.rows("DELETE FROM enrollment_claim");
});

test("who has many keys does not fill a machine's history", async () => {
  const machine = await booting();
  for (let round = 0; round < 5; round += 1) {
    await enroll({ identity: machine.identity });
  }
  const events = await fleet.history(machine);
  expect(events.filter((event) => event === "enrollment_awaiting")).toHaveLength(1);
  await fleet.rows("DELETE FROM enrollment_claim");
});

test("a session that is gone lets nobody in", async () => {
  const machine = await booting();
  const { identity, tokenDigest } = machine;
  const call = agentEnroll(
    fleet.database,
    { id: randomUUID() as Session["id"] },
    { publicKey: newKey(), identity, tokenDigest, address: "" },
  );
  await expect(call).rejects.toMatchObject({ code: "session_lost" });
  expect(await standing(machine)).toEqual({ key: null, reason: null, pending: true });
});
