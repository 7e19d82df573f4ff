import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorFixture, refusal } from "../testing/operator-fixture.ts";

const { clients } = await operatorFixture();

async function add(providerId: string, more: Record<string, unknown> = {}): Promise<Machine> {
  const request = { requestId: randomUUID(), provider: "static", providerId, ...more };
  const { machine } = await clients.machines.machineAdd(request);
  if (machine === undefined) {
    throw new Error("no machine in the answer");
  }
  return machine;
}

describe("machineAdd", () => {
  test("makes a machine known with all that was said of it", async () => {
    const machine = await add("rack-1", {
      name: "web1",
      labels: { "example.org/rack": "b 12", role: "" },
      reservationId: "r-1",
      address: "10.0.0.7",
      location: "Łódź",
    });
    expect(machine).toMatchObject({
      name: "web1",
      labels: { "example.org/rack": "b 12", role: "" },
      lastGeneration: 0n,
      provided: {
        provider: "static",
        providerId: "rack-1",
        reservationId: "r-1",
        address: "10.0.0.7",
        location: "Łódź",
        status: "",
      },
    });
    expect([machine.agent, machine.installation, machine.installed]).toEqual([undefined, undefined, undefined]);
    const byName = await clients.machines.machineShow({ machine: "web1" });
    const byId = await clients.machines.machineShow({ machine: machine.id.toUpperCase() });
    expect([byName.machine, byId.machine]).toEqual([machine, machine]);
  });

  test("the same request again, twice at once, makes one machine; another body is refused", async () => {
    const requestId = randomUUID();
    const body = { requestId, provider: "static", providerId: "twice", labels: { a: "1", b: "2" } };
    const [one, two] = await Promise.all([clients.machines.machineAdd(body), clients.machines.machineAdd(body)]);
    const three = await clients.machines.machineAdd({ ...body, labels: { b: "2", a: "1" } });
    expect(new Set([one, two, three].map(({ machine }) => machine?.id)).size).toBe(1);
    const history = await clients.machines.machineHistory({ machine: one.machine?.id ?? "" });
    expect(history.entries.map(({ event }) => event)).toEqual(["machine_added"]);
    const other = clients.machines.machineAdd({ ...body, labels: { a: "1" } });
    expect(await refusal(other)).toEqual(["FailedPrecondition", expect.stringContaining("make a new request id")]);
  });

  test("a name or provider's id that is taken is refused, and nothing is recorded", async () => {
    await add("taken", { name: "taken" });
    const count = async (): Promise<number> => (await clients.machines.machineList({})).machines.length;
    const before = await count();
    expect(await refusal(add("other", { name: "taken" }))).toEqual([
      "AlreadyExists",
      expect.stringContaining('the name "taken" is taken'),
    ]);
    expect(await refusal(add("taken"))).toEqual([
      "AlreadyExists",
      expect.stringContaining('"taken" of provider "static"'),
    ]);
    expect(await count()).toBe(before);
  });

  const good = { requestId: randomUUID(), provider: "static", providerId: "x" };
  test.each<[string, Record<string, unknown>, RegExp]>([
    ["no request id", { requestId: "" }, /^request_id: expected a UUID/u],
    ["a request id that is no UUID", { requestId: "1" }, /^request_id: expected a UUID/u],
    ["no provider", { provider: "" }, /^provider: expected a-z/u],
    ["a provider in capitals", { provider: "Static" }, /^provider: /u],
    ["no provider id", { providerId: "" }, /^provider_id: is missing$/u],
    ["a NUL", { providerId: "a\0" }, /^provider_id: holds a NUL/u],
    ["too long a text", { address: "x".repeat(257) }, /^address: too long: expected at most 256/u],
    ["a name in capitals", { name: "Web" }, /^name: expected a-z/u],
    ["a name that ends in a dot", { name: "web." }, /^name: /u],
    ["a name of 64 characters", { name: "x".repeat(64) }, /^name: /u],
    ["a name that looks like a UUID", { name: randomUUID() }, /^name: looks like a UUID/u],
    ["a label key in capitals", { labels: { Rack: "1" } }, /^labels: expected keys of a-z/u],
    ["an empty label key", { labels: { "": "1" } }, /^labels: /u],
    ["a NUL in a label", { labels: { a: "\0" } }, /^labels\.a: holds a NUL/u],
    ["too long a label", { labels: { a: "x".repeat(257) } }, /^labels\.a: too long/u],
    [
      "too many labels",
      { labels: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, ""])) },
      /^labels: expected at most 64/u,
    ],
    ["several at once", { provider: "", providerId: "" }, /^provider: .*; provider_id: is missing$/u],
  ])("refuses %s, naming the field", async (_what, wrong, message) => {
    const call = clients.machines.machineAdd({ ...good, ...wrong });
    expect(await refusal(call)).toEqual(["InvalidArgument", expect.stringMatching(message)]);
  });
});

describe("machineShow", () => {
  test.each([
    ["an unknown id", "00000000-0000-4000-8000-000000000000", "NotFound"],
    ["an unknown name", "nobody", "NotFound"],
    ["no machine", "", "InvalidArgument"],
    ["what is neither", "a b", "InvalidArgument"],
    ["SQL", "' OR true --", "InvalidArgument"],
    ["what is too long", "x".repeat(100_000), "InvalidArgument"],
  ])("refuses %s", async (_what, machine, code) => {
    expect((await refusal(clients.machines.machineShow({ machine })))[0]).toBe(code);
    expect((await refusal(clients.machines.machineHistory({ machine })))[0]).toBe(code);
  });
});

describe("machineList", () => {
  test("goes through all machines with the labels once, a page at a time", async () => {
    const labels = { fleet: "list" };
    const ids = new Set<string>();
    for (let index = 0; index < 7; index += 1) {
      ids.add((await add(`list-${index}`, { labels: { ...labels, odd: String(index % 2) } })).id);
    }
    const seen: string[] = [];
    let pageToken = "";
    const sizes: number[] = [];
    do {
      const page = await clients.machines.machineList({ labels, pageSize: 3, pageToken });
      seen.push(...page.machines.map(({ id }) => id));
      sizes.push(page.machines.length);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(sizes).toEqual([3, 3, 1]);
    expect(seen).toEqual([...ids].toSorted());
    const odd = await clients.machines.machineList({ labels: { ...labels, odd: "1" }, pageSize: 3 });
    expect([odd.machines.length, odd.nextPageToken]).toEqual([3, ""]);
    expect((await clients.machines.machineList({ labels: { fleet: "none" } })).machines).toEqual([]);
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["a negative page size", { pageSize: -1 }, /^page_size: expected 1 to 1000/u],
    ["too great a page size", { pageSize: 1001 }, /^page_size: /u],
    ["a made-up page token", { pageToken: "2" }, /^page_token: expected next_page_token/u],
    ["a wrong label", { labels: { "A=B": "" } }, /^labels: /u],
  ])("refuses %s", async (_what, wrong, message) => {
    expect(await refusal(clients.machines.machineList(wrong))).toEqual([
      "InvalidArgument",
      expect.stringMatching(message),
    ]);
  });
});

test("machineHistory goes back page by page, every entry once", async () => {
  const { id } = await add("history");
  for (let index = 0; index < 4; index += 1) {
    const key = new Uint8Array(32).fill(index + 1);
    await clients.agents.agentRegister({ requestId: randomUUID(), machine: id, publicKey: key, replace: true });
  }
  const all = await clients.machines.machineHistory({ machine: id });
  expect(all.entries.map(({ event }) => event)).toEqual([
    "agent_replaced",
    "agent_replaced",
    "agent_replaced",
    "agent_registered",
    "machine_added",
  ]);
  expect(all.entries[4]).toMatchObject({ actorKind: "operator", actor: "token", generation: 0n });
  expect(JSON.parse(all.entries[4]?.detailJson ?? "")).toMatchObject({ provider: "static", providerId: "history" });
  const paged: unknown[] = [];
  let pageToken = "";
  do {
    const page = await clients.machines.machineHistory({ machine: id, pageSize: 2, pageToken });
    paged.push(...page.entries);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(paged).toEqual(all.entries);
  const wrong = clients.machines.machineHistory({ machine: id, pageToken: "x" });
  expect(await refusal(wrong)).toEqual(["InvalidArgument", expect.stringMatching(/^page_token: /u)]);
});
