// Cancel, retry and quarantine from every state: each ends, with its reason recorded, or is refused with what stands in its way.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../lib/clock.ts";
import {
  command,
  operator,
  reserialise,
  silent,
  testFleet,
  type Fleet,
  type TestMachine,
} from "../../test/support/fleet.ts";
import { machineStates, type MachineStateName } from "./machine-state.ts";
import { cameUpSilentNote } from "./queries/came-up/came-up-silent.ts";
import { installationRetry } from "./queries/installation/installation-retry.ts";
import { machineQuarantine, machineRelease } from "./queries/machine/machine-quarantine.ts";
import { statesRefresh } from "./queries/upkeep/state.ts";
import { sessionStart, type Session } from "./session.ts";
import type { Process } from "./ids.ts";
import { workClaim, type Work } from "./work.ts";

let fleet: Fleet;
let session: Session;
beforeAll(async () => {
  fleet = await testFleet();
  session = await sessionStart(fleet.database, { component: "shepherd", log: silent, clock: systemClock });
  await fleet.rows(
    `INSERT INTO sessions (session_component, session_runtime_info, session_created_at, session_interval_seconds, session_deadline)
     VALUES ('server', 'test', now() - interval '1 h', 3600, now() + interval '1 h')`,
  );
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
});

const heard = (machine: TestMachine, minutesAgo = 0) =>
  fleet.rows(
    `WITH a AS (
       UPDATE machine_agent_started SET agent_started_at = now() - interval '1 h' WHERE machine_id = $1
     ) INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket)
     SELECT $1, at, floor(extract(epoch FROM at) / 300)::integer FROM (SELECT now() - make_interval(mins => $2) AS at) t`,
    machine.machineId,
    minutesAgo,
  );

const report = (machine: TestMachine, result: "success" | "error") =>
  fleet.rows(
    `INSERT INTO machine_os_installation_report (machine_id, generation, result, error, reported_by)
     VALUES ($1, 1, $2, CASE WHEN $2 = 'error' THEN 'it broke' END, 'agent')`,
    machine.machineId,
    result,
  );

/** The machine's system is expected to report, and its agent can tell it so. */
const expectReport = (machine: TestMachine) =>
  fleet.rows(
    `WITH a AS (
       INSERT INTO machine_agent_features (machine_id, agent_public_key, features)
       SELECT machine_id, agent_public_key, '{vendor-data}' FROM machine_agent_started WHERE machine_id = $1
     ) INSERT INTO machine_came_up (machine_id, generation, within_seconds, token_sha256)
     SELECT machine_id, 1, 900, sha256(convert_to(machine_id::text, 'UTF8')) FROM machines WHERE machine_id = $1`,
    machine.machineId,
  );

/** Each comes from a provider of its own, so that nobody else's is claimed in its place. */
const providers = new Map<TestMachine, string>();

const own = async (withAgent: boolean): Promise<TestMachine> => {
  const provider = `p${providers.size}`;
  const machine = await fleet.add({ agent: withAgent, provider });
  providers.set(machine, provider);
  return machine;
};

const claim = async (machine: TestMachine, process: Process): Promise<Work> => {
  const [work] = await workClaim(fleet.database, session, { process, provider: providers.get(machine) ?? "" }, 1);
  if (work === undefined) {
    throw new Error(`the machine could not be claimed for ${process}`);
  }
  return work;
};

const lost = async (): Promise<TestMachine> => {
  const machine = await own(true);
  await heard(machine, 20);
  await statesRefresh(fleet.database);
  return machine;
};

/** What brings a machine into a state. */
const enter: Record<MachineStateName, () => Promise<TestMachine>> = {
  new: () => own(false),
  "awaiting-agent": () => own(true),
  ready: async () => {
    const machine = await own(true);
    await heard(machine);
    return machine;
  },
  "install-pending": async () => {
    const machine = await enter.ready();
    await fleet.request(machine);
    return machine;
  },
  installing: async () => {
    const machine = await enter["install-pending"]();
    await fleet.rows(
      `INSERT INTO machine_os_installation_progress (machine_id, generation, run, phase, bytes_done, bytes_total, detail, writing_since)
       VALUES ($1, 1, '\\x00', 'writing', 5, 10, '', now())`,
      machine.machineId,
    );
    return machine;
  },
  installed: async () => {
    const machine = await enter["install-pending"]();
    await report(machine, "success");
    await fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", machine.machineId);
    return machine;
  },
  "coming-up": async () => {
    const machine = await enter["install-pending"]();
    await expectReport(machine);
    await report(machine, "success");
    await fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", machine.machineId);
    return machine;
  },
  silent: async () => {
    const machine = await enter["coming-up"]();
    await fleet.rows("UPDATE machine_came_up SET deadline_at = now() - interval '1 s'");
    await cameUpSilentNote(fleet.database, 100);
    return machine;
  },
  "install-failed": async () => {
    const machine = await enter["install-pending"]();
    await report(machine, "error");
    return machine;
  },
  "agent-lost": lost,
  "starting-agent": async () => {
    const machine = await own(false);
    await claim(machine, "ShepherdAgentStart");
    return machine;
  },
  recovering: async () => {
    const machine = await lost();
    await claim(machine, "ShepherdRecovery");
    return machine;
  },
  "backing-off": async () => {
    const machine = await lost();
    await (await claim(machine, "ShepherdRecovery")).fail({ initial: 600 }, "for a test");
    return machine;
  },
  quarantined: async () => {
    const machine = await own(true);
    await quarantine(machine);
    return machine;
  },
};

const quarantine = (machine: TestMachine) =>
  machineQuarantine(fleet.database, {
    ...command(machine, "machine_quarantine"),
    actor: operator,
    reason: "smells of smoke",
  });

const retry = (machine: TestMachine) =>
  installationRetry(fleet.database, {
    ...command(machine, "installation_retry"),
    actor: operator,
    generation: 1n,
    reserialise,
  });

async function stateOf(machine: TestMachine): Promise<string | undefined> {
  const [row] = await fleet.rows<{ state: string }>(
    "SELECT state FROM machine_state WHERE machine_id = $1",
    machine.machineId,
  );
  return row?.state;
}

async function lastEvent(machine: TestMachine): Promise<[string, unknown]> {
  const [row] = await fleet.rows<{ event: string; detail: Record<string, unknown> }>(
    "SELECT event, detail FROM history WHERE machine_id = $1 ORDER BY id DESC LIMIT 1",
    machine.machineId,
  );
  return [row?.event ?? "", row?.detail["reason"]];
}

async function isPending(machine: TestMachine): Promise<boolean> {
  const rows = await fleet.rows(
    `SELECT FROM machine_os_installation_request q LEFT JOIN machine_os_installation_report r USING (machine_id)
     WHERE machine_id = $1 AND installation_pending(q.generation, r.generation)`,
    machine.machineId,
  );
  return rows.length > 0;
}

/** The state after a cancellation and after a retry; "refused" where nothing is there to be cancelled, or tried again. */
const outcomes: Record<
  MachineStateName,
  { cancel: MachineStateName | "refused"; retry: MachineStateName | "refused" }
> = {
  new: { cancel: "refused", retry: "refused" },
  "awaiting-agent": { cancel: "refused", retry: "refused" },
  ready: { cancel: "refused", retry: "refused" },
  "install-pending": { cancel: "install-failed", retry: "refused" },
  installing: { cancel: "install-failed", retry: "refused" },
  "coming-up": { cancel: "refused", retry: "refused" },
  silent: { cancel: "refused", retry: "refused" },
  installed: { cancel: "refused", retry: "refused" },
  "install-failed": { cancel: "refused", retry: "install-pending" },
  "agent-lost": { cancel: "refused", retry: "refused" },
  "starting-agent": { cancel: "refused", retry: "refused" },
  recovering: { cancel: "refused", retry: "refused" },
  "backing-off": { cancel: "refused", retry: "refused" },
  quarantined: { cancel: "refused", retry: "refused" },
};

/** States in which something may be asked for whatever else is: then it can be called off, and the rest goes on. */
const asked: readonly MachineStateName[] = [
  "new",
  "awaiting-agent",
  "agent-lost",
  "starting-agent",
  "recovering",
  "backing-off",
];

describe.each(machineStates)("from %s", (state) => {
  test("cancel ends what is pending, or says that nothing is", async () => {
    const machine = await enter[state]();
    expect(await stateOf(machine)).toBe(state);
    const wanted = outcomes[state].cancel;
    if (wanted === "refused") {
      await expect(fleet.cancel(machine)).rejects.toMatchObject({
        code: "refused",
        message: expect.stringContaining("nothing is pending"),
      });
      expect(await stateOf(machine)).toBe(state);
    } else {
      await fleet.cancel(machine);
      expect(await stateOf(machine)).toBe(wanted);
      expect(await lastEvent(machine)).toEqual(["installation_cancelled", "for a test"]);
    }
    expect(await isPending(machine)).toBe(false);
  });

  test("retry makes a new generation of what failed, or says why not", async () => {
    const machine = await enter[state]();
    const wanted = outcomes[state].retry;
    if (wanted === "refused") {
      await expect(retry(machine)).rejects.toMatchObject({ code: "refused" });
      expect(await stateOf(machine)).toBe(state);
    } else {
      expect(await retry(machine)).toBe(2n);
      expect(await stateOf(machine)).toBe(wanted);
    }
  });

  test("quarantine ends every pending request, with the reason; after a release nothing revives", async () => {
    const machine = await enter[state]();
    if (state === "quarantined") {
      await expect(quarantine(machine)).rejects.toMatchObject({ code: "refused" });
    } else {
      await quarantine(machine);
      expect(await lastEvent(machine)).toEqual(["machine_quarantined", "smells of smoke"]);
    }
    expect(await stateOf(machine)).toBe("quarantined");
    expect(await isPending(machine)).toBe(false);
    await expect(fleet.request(machine)).rejects.toMatchObject({ code: "refused" });
    await machineRelease(fleet.database, { ...command(machine, "machine_release"), actor: operator });
    expect(await lastEvent(machine)).toEqual(["machine_released", "smells of smoke"]);
    expect(await stateOf(machine)).not.toBe("quarantined");
    expect(await isPending(machine)).toBe(false);
  });
});

describe.each(asked)("from %s", (state) => {
  test("another pending request is cancelled all the same", async () => {
    const machine = await enter[state]();
    await fleet.request(machine);
    await fleet.cancel(machine);
    expect(await lastEvent(machine)).toEqual(["installation_cancelled", "for a test"]);
    expect(await isPending(machine)).toBe(false);
  });
});
