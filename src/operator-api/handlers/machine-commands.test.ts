import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import {
  CauseKind,
  InstallationState,
  MachineSort,
  MachineState,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorFixture, refusal } from "../testing/operator-fixture.ts";

const { dependencies, clients } = await operatorFixture();
let machine: string;
let name: string;
let added = 0;
beforeEach(async () => {
  added += 1;
  name = `box${added}`;
  machine = await add(name);
});

async function add(providerId: string): Promise<string> {
  const answer = await clients.machines.machineAdd({
    requestId: randomUUID(),
    provider: "static",
    providerId,
    name: providerId,
    labels: { rack: "r1" },
  });
  return answer.machine?.id ?? "";
}

const install = () =>
  clients.installations.installationRequest({
    requestId: randomUUID(),
    machine,
    image: {
      url: "http://images.test/debian.raw",
      digest: `sha256:${"0a".repeat(32)}`,
      rootDisk: { serialNumber: "S1" },
    },
  });
const events = async () =>
  (await clients.machines.machineHistory({ machine })).entries.map(({ event }) => event).toReversed();

describe("machineUpdate", () => {
  test("renames, sets and removes labels, once for a request id; the name is found at once", async () => {
    const requestId = randomUUID();
    const request = { requestId, machine: name, name: `${name}-new`, setLabels: { room: "a" }, removeLabels: ["rack"] };
    const { machine: shown } = await clients.machines.machineUpdate(request);
    expect(shown).toMatchObject({ id: machine, name: `${name}-new`, labels: { room: "a" } });
    expect((await clients.machines.machineShow({ machine: `${name}-new` })).machine?.id).toBe(machine);
    await clients.machines.machineUpdate({ ...request, machine });
    expect(await events()).toEqual(["machine_added", "machine_updated"]);
    const { machine: nameless } = await clients.machines.machineUpdate({ requestId: randomUUID(), machine, name: "" });
    expect(nameless).toMatchObject({ name: "", labels: { room: "a" } });
  });

  test("refuses another machine's name, and too many labels; nothing is half-done", async () => {
    await add(`${name}-other`);
    const taken = clients.machines.machineUpdate({
      requestId: randomUUID(),
      machine,
      name: `${name}-other`,
      setLabels: { half: "done" },
    });
    expect(await refusal(taken)).toEqual(["AlreadyExists", expect.stringContaining("is taken by another machine")]);
    const many = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`l${index}`, ""]));
    const full = clients.machines.machineUpdate({ requestId: randomUUID(), machine, setLabels: many });
    expect(await refusal(full)).toEqual(["FailedPrecondition", expect.stringContaining("at most 64 labels")]);
    expect((await clients.machines.machineShow({ machine })).machine).toMatchObject({ name, labels: { rack: "r1" } });
    expect(await events()).toEqual(["machine_added"]);
  });
});

describe("machineQuarantine and machineRelease", () => {
  test("cancel what is pending, refuse what is new, and give the reason wherever one looks", async () => {
    await install();
    const requestId = randomUUID();
    const quarantine = { requestId, machine, reason: "smells" };
    const answer = await clients.machines.machineQuarantine(quarantine);
    expect(answer.cancelledGeneration).toBe(1n);
    expect(answer.machine).toMatchObject({
      quarantine: { reason: "smells", quarantinedBy: "token" },
      standing: { state: MachineState.QUARANTINED },
      installation: { state: InstallationState.CANCELLED, error: "quarantined: smells" },
    });
    expect((await clients.machines.machineQuarantine(quarantine)).cancelledGeneration).toBe(1n);
    expect(await refusal(install())).toEqual(["FailedPrecondition", expect.stringContaining("quarantine (smells)")]);
    const again = clients.machines.machineQuarantine({ ...quarantine, requestId: randomUUID() });
    expect((await refusal(again))[0]).toBe("FailedPrecondition");
    const { causes, lines } = await clients.machines.machineExplain({ machine });
    expect(causes.map(({ kind }) => kind)).toEqual([CauseKind.QUARANTINE]);
    expect(lines.join("\n")).toContain("smells");
    const released = await clients.machines.machineRelease({ requestId: randomUUID(), machine });
    expect(released.machine?.standing?.state).toBe(MachineState.INSTALL_FAILED);
    const twice = clients.machines.machineRelease({ requestId: randomUUID(), machine });
    expect(await refusal(twice)).toEqual(["FailedPrecondition", expect.stringContaining("not in quarantine")]);
    expect(await events()).toEqual([
      "machine_added",
      "installation_requested",
      "installation_cancelled",
      "machine_quarantined",
      "machine_released",
    ]);
  });
});

describe("machineDelete", () => {
  test("forgets an idle machine; its history is read by its id, and the command repeated", async () => {
    await install();
    const busy = clients.machines.machineDelete({ requestId: randomUUID(), machine });
    expect(await refusal(busy)).toEqual([
      "FailedPrecondition",
      "generation 1 is pending on this machine: cancel it first",
    ]);
    await clients.installations.installationCancel({ requestId: randomUUID(), machine, generation: 1n });
    const request = { requestId: randomUUID(), machine };
    expect((await clients.machines.machineDelete(request)).machineId).toBe(machine);
    expect((await clients.machines.machineDelete(request)).machineId).toBe(machine);
    expect((await refusal(clients.machines.machineShow({ machine })))[0]).toBe("NotFound");
    expect((await events()).at(-1)).toBe("machine_deleted");
    const { installations } = await clients.installations.installationList({ machine });
    expect(installations.map(({ installation }) => installation?.generation)).toEqual([1n]);
    // The name is free again.
    expect(await add(name)).not.toBe(machine);
  });
});

describe("machineExplain", () => {
  test("of a new machine says what to do", async () => {
    const answer = await clients.machines.machineExplain({ machine: name });
    expect(answer).toMatchObject({ machineId: machine, standing: { state: MachineState.NEW } });
    expect(answer.documentation).toBe("docs/operations/states.md#state-new");
    expect(answer.remedies.join()).toContain(`farrier agent init ${name}`);
  });

  test("of a request that can't be read names it", async () => {
    await install();
    await dependencies.database.pool.query(
      "INSERT INTO machine_agent_started (machine_id, agent_public_key) VALUES ($1, decode(repeat('00', 32), 'hex'))",
      [machine],
    );
    // The guard lets nobody change a request: this one came so.
    await dependencies.database.pool.query("ALTER TABLE machine_os_installation_request DISABLE TRIGGER USER");
    await dependencies.database.pool.query(
      "UPDATE machine_os_installation_request SET os_installation_request_raw = '\\xff' WHERE machine_id = $1",
      [machine],
    );
    await dependencies.database.pool.query("ALTER TABLE machine_os_installation_request ENABLE TRIGGER USER");
    const { causes } = await clients.machines.machineExplain({ machine });
    expect(causes.map(({ kind }) => kind)).toContain(CauseKind.REQUEST_UNREADABLE);
  });
});

describe("machineList", () => {
  test("filters, sorts and goes on by tokens that belong to the same query alone", async () => {
    const names = ["c", "a", "b"].map((letter) => `${name}-list-${letter}`);
    for (const one of names) {
      await add(one);
    }
    const query = { namePrefix: `${name}-list-`, sort: MachineSort.NAME, pageSize: 2 };
    const first = await clients.machines.machineList(query);
    expect(first.machines.map((one) => one.name)).toEqual([`${name}-list-a`, `${name}-list-b`]);
    const second = await clients.machines.machineList({ ...query, pageToken: first.nextPageToken, pageSize: 1000 });
    expect(second.machines.map((one) => one.name)).toEqual([`${name}-list-c`]);
    expect(second.nextPageToken).toBe("");
    for (const other of [
      { sort: MachineSort.ID },
      { descending: true },
      { states: [MachineState.NEW] },
      { search: "x" },
    ]) {
      const wrong = clients.machines.machineList({ ...query, ...other, pageToken: first.nextPageToken });
      expect(await refusal(wrong)).toEqual([
        "InvalidArgument",
        expect.stringMatching(/^page_token: belongs to a request with other/u),
      ]);
    }
    const none = await clients.machines.machineList({ namePrefix: `${name}-list-`, states: [MachineState.INSTALLED] });
    expect(none.machines).toEqual([]);
  });
});

describe("installationList", () => {
  test("has the newest request of each machine, the newest first, and all of one machine", async () => {
    await install();
    await clients.installations.installationCancel({ requestId: randomUUID(), machine, generation: 1n, reason: "no" });
    await install();
    const all = await clients.installations.installationList({ pageSize: 1 });
    expect(all.installations[0]).toMatchObject({
      machineId: machine,
      machineName: name,
      installation: { generation: 2n },
    });
    const rest = await clients.installations.installationList({ pageToken: all.nextPageToken });
    expect(rest.installations.map(({ machineId }) => machineId)).not.toContain(machine);
    const cancelled = await clients.installations.installationList({ states: [InstallationState.CANCELLED] });
    expect(cancelled.installations.map(({ machineId }) => machineId)).not.toContain(machine);
    const one = await clients.installations.installationList({ machine, pageSize: 1 });
    const earlier = await clients.installations.installationList({ machine, pageToken: one.nextPageToken });
    expect([one, earlier].map((page) => page.installations[0]?.installation)).toMatchObject([
      { generation: 2n, state: InstallationState.PENDING },
      { generation: 1n, state: InstallationState.CANCELLED, error: "no" },
    ]);
    expect(earlier.nextPageToken).toBe("");
  });
});

/** A call of each RPC that takes one machine. */
const calls: Record<string, (request: { machine: string; requestId?: string }) => Promise<unknown>> = {
  machineShow: (request) => clients.machines.machineShow({ machine: request.machine }),
  machineExplain: (request) => clients.machines.machineExplain({ machine: request.machine }),
  machineHistory: (request) => clients.machines.machineHistory({ machine: request.machine }),
  machineUpdate: (request) => clients.machines.machineUpdate({ requestId: randomUUID(), name: "x", ...request }),
  machineDelete: (request) => clients.machines.machineDelete({ requestId: randomUUID(), ...request }),
  machineQuarantine: (request) =>
    clients.machines.machineQuarantine({ requestId: randomUUID(), reason: "y", ...request }),
  machineRelease: (request) => clients.machines.machineRelease({ requestId: randomUUID(), ...request }),
  installationCancel: (request) =>
    clients.installations.installationCancel({ requestId: randomUUID(), generation: 1n, ...request }),
  installationRetry: (request) =>
    clients.installations.installationRetry({ requestId: randomUUID(), generation: 1n, ...request }),
};

describe.each(Object.entries(calls))("%s", (_rpc, call) => {
  test("of a machine that is not there is not found", async () => {
    expect((await refusal(call({ machine: randomUUID() })))[0]).toBe("NotFound");
    expect((await refusal(call({ machine: "nobody" })))[0]).toBe("NotFound");
    expect((await refusal(call({ machine: "0123-nobody" })))[0]).toBe("NotFound");
  });

  test("without a machine, or with what names none, is refused", async () => {
    for (const wrong of ["", "A B", "x".repeat(300), "\0", "\ud800"]) {
      expect(await refusal(call({ machine: wrong }))).toEqual([
        "InvalidArgument",
        expect.stringMatching(/^machine: expected a machine's UUID or its name/u),
      ]);
    }
  });
});

const looks = new Set(["machineShow", "machineExplain", "machineHistory"]);
describe.each(Object.entries(calls).filter(([rpc]) => !looks.has(rpc)))("%s", (_rpc, call) => {
  test("takes a request id, and refuses a request id that another command used", async () => {
    expect(await refusal(call({ machine, requestId: "" }))).toEqual([
      "InvalidArgument",
      expect.stringMatching(/^request_id: expected a UUID/u),
    ]);
    const requestId = randomUUID();
    await clients.machines.machineUpdate({ requestId, machine, setLabels: { used: "yes" } });
    expect(await refusal(call({ machine, requestId }))).toEqual([
      "FailedPrecondition",
      expect.stringContaining("was used for another command"),
    ]);
  });
});

describe("wrong fields are named, and nothing is done", () => {
  const id = randomUUID;
  test.each<[string, () => Promise<unknown>, RegExp]>([
    ["nothing to update", () => clients.machines.machineUpdate({ requestId: id(), machine }), /^no change is named/u],
    [
      "a label set and removed",
      () => clients.machines.machineUpdate({ requestId: id(), machine, setLabels: { a: "1" }, removeLabels: ["a"] }),
      /^remove_labels: has a key that is in set_labels too/u,
    ],
    [
      "a wrong key to remove",
      () => clients.machines.machineUpdate({ requestId: id(), machine, removeLabels: ["A B"] }),
      /^remove_labels\.0: expected keys/u,
    ],
    [
      "a name that looks like a UUID",
      () => clients.machines.machineUpdate({ requestId: id(), machine, name: randomUUID() }),
      /^name: looks like a UUID/u,
    ],
    [
      "no reason",
      () => clients.machines.machineQuarantine({ requestId: id(), machine, reason: "" }),
      /^reason: is missing/u,
    ],
    [
      "too long a reason",
      () => clients.machines.machineQuarantine({ requestId: id(), machine, reason: "y".repeat(1025) }),
      /^reason: too long/u,
    ],
    [
      "no generation to cancel",
      () => clients.installations.installationCancel({ requestId: id(), machine }),
      /^generation: is missing: expected the number of a generation/u,
    ],
    [
      "no generation to retry",
      () => clients.installations.installationRetry({ requestId: id(), machine }),
      /^generation: is missing: expected the number of a generation/u,
    ],
    [
      "a retry budget of none",
      () => clients.installations.installationRetry({ requestId: id(), machine, generation: 1n, retry: {} }),
      /^retry\.attempts: expected 1 to 100 tries/u,
    ],
    [
      "waits that shrink",
      () =>
        clients.installations.installationRetry({
          requestId: id(),
          machine,
          generation: 1n,
          retry: { attempts: 1, exponent: 0.5 },
        }),
      /^retry\.exponent: expected 1 to 10/u,
    ],
    [
      "an exponent that is no number",
      () =>
        clients.installations.installationRetry({
          requestId: id(),
          machine,
          generation: 1n,
          retry: { attempts: 1, exponent: Number.NaN },
        }),
      /^retry\.exponent: /u,
    ],
    [
      "a longest wait below the first",
      () =>
        clients.installations.installationRetry({
          requestId: id(),
          machine,
          generation: 1n,
          retry: { attempts: 1, initialSeconds: 100, maximumSeconds: 10 },
        }),
      /^retry: maximum_seconds is less/u,
    ],
    [
      "an unknown state",
      () => clients.machines.machineList({ states: [99 as MachineState] }),
      /^states: this server knows no such state/u,
    ],
    ["no state", () => clients.machines.machineList({ states: [0] }), /^states: /u],
    ["an unknown order", () => clients.machines.machineList({ sort: 99 as MachineSort }), /^sort: /u],
    [
      "a wrong provider",
      () => clients.machines.machineList({ providers: ["A"] }),
      /^providers\.0: expected a provider/u,
    ],
    ["text with a NUL", () => clients.machines.machineList({ search: "a\0" }), /^search: holds a NUL/u],
    ["too long a text", () => clients.machines.machineList({ search: "a".repeat(257) }), /^search: too long/u],
    [
      "a prefix with a NUL",
      () => clients.machines.machineList({ namePrefix: "m\0" }),
      /^name_prefix: holds a NUL or an invalid/u,
    ],
    [
      "an installation's unknown state",
      () => clients.installations.installationList({ states: [7 as InstallationState] }),
      /^states: this server knows no such/u,
    ],
    [
      "states of one machine's installations",
      () => clients.installations.installationList({ machine, states: [InstallationState.PENDING] }),
      /^states: expected nothing together with machine/u,
    ],
  ])("%s", async (_what, call, message) => {
    const before = await events();
    expect(await refusal(call())).toEqual(["InvalidArgument", expect.stringMatching(message)]);
    expect(await events()).toEqual(before);
  });

  const token = (...parts: unknown[]): string => Buffer.from(JSON.stringify(parts)).toString("base64url");
  test.each([
    ["words", "next"],
    ["other characters", "a b+/="],
    ["JSON that is no list", Buffer.from("{}").toString("base64url")],
    ["a list of numbers", token(1, 2)],
    ["a list of nothing", token()],
    ["very much of it", "A".repeat(100_000)],
  ])("a page token of %s, for every list", async (_what, pageToken) => {
    const lists = [
      clients.machines.machineList({ pageToken }),
      clients.machines.machineHistory({ machine, pageToken }),
      clients.installations.installationList({ pageToken }),
      clients.installations.installationList({ machine, pageToken }),
    ];
    for (const list of lists) {
      expect(await refusal(list)).toEqual(["InvalidArgument", expect.stringMatching(/^page_token: /u)]);
    }
  });

  test("a page token that was tampered with", async () => {
    await add(`${name}-b`);
    for (const sort of [MachineSort.ID, MachineSort.NAME, MachineSort.CREATED, MachineSort.STATE, MachineSort.SINCE]) {
      const { nextPageToken } = await clients.machines.machineList({ sort, pageSize: 1 });
      const parts = JSON.parse(Buffer.from(nextPageToken, "base64url").toString()) as string[];
      const wrong = [parts.slice(0, -1), [...parts, "x"], [...parts.slice(0, -1), "x"]];
      if (sort !== MachineSort.ID && sort !== MachineSort.NAME) {
        wrong.push([parts[0] ?? "", "'; DROP TABLE machines; --", ...parts.slice(2)]);
      }
      for (const one of wrong) {
        const call = clients.machines.machineList({ sort, pageSize: 1, pageToken: token(...one) });
        expect(await refusal(call)).toEqual(["InvalidArgument", expect.stringMatching(/^page_token: expected/u)]);
      }
    }
  });
});

describe("10 MB in any field are refused unread:", () => {
  const much = "x".repeat(10_000_000);
  test.each<[string, () => Promise<unknown>]>([
    ...Object.entries(calls).map(([rpc, call]): [string, () => Promise<unknown>] => [
      rpc,
      () => call({ machine: much }),
    ]),
    ["machineList", () => clients.machines.machineList({ search: much })],
    ["installationList", () => clients.installations.installationList({ pageToken: much })],
    ["machineAdd", () => clients.machines.machineAdd({ requestId: randomUUID(), providerId: much })],
  ])("%s", async (_rpc, call) => {
    expect((await refusal(call()))[0]).toBe("ResourceExhausted");
  });
});
