import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { MachineWatchRequestSchema, type MachineWatchResponse } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { testClients, type TestClients } from "../testing/operator-api.ts";
import { machineFeed } from "../machine-feed.ts";
import { machineWatchHandler } from "./machine-watch.ts";
import { operatorFixture } from "../testing/operator-fixture.ts";

const { fleet, dependencies, clients } = await operatorFixture();
let added = 0;

async function add(): Promise<string> {
  added += 1;
  const request = { requestId: randomUUID(), provider: "static", providerId: `w${added}` };
  return (await clients.machines.machineAdd(request)).machine?.id ?? "";
}

const label = (machine: string, value: string) =>
  clients.machines.machineUpdate({ requestId: randomUUID(), machine, setLabels: { n: value } });

/** A stream that is read message by message, and hung up on when disposed of. */
function watch(request: { cursor?: string; includeExisting?: boolean } = {}, by: TestClients = clients) {
  const hangUp = new AbortController();
  const stream = by.machines.machineWatch(request, { signal: hangUp.signal })[Symbol.asyncIterator]();
  return {
    next: async (): Promise<MachineWatchResponse> => {
      const { value, done } = await stream.next();
      return done === true ? Promise.reject(new Error("the stream ended")) : value;
    },
    [Symbol.asyncDispose]: async () => {
      hangUp.abort();
      await stream.return?.().catch(() => undefined);
    },
  };
}

const told = ({ changes }: MachineWatchResponse): string[] =>
  changes.map(({ change }) =>
    change.case === "machine" ? `${change.value.id} ${change.value.labels["n"] ?? ""}`.trim() : `-${change.value}`,
  );

test("what changes is told at once, as it is then; a deletion too", async () => {
  const clock = new FakeClock();
  await using feed = machineFeed({ address: fleet.test.connection, log: dependencies.log, clock });
  await using stream = watch({}, testClients({ ...dependencies, feed }));
  // Hints are gathered for 25 ms. Without one, the next look is 2 s away, and this clock never gets there.
  const woken = async (change: () => Promise<unknown>): Promise<string[]> => {
    let settled = false;
    const next = stream.next().finally(() => (settled = true));
    await clock.untilSleeping();
    await change();
    await waitFor("a hint", async () => {
      if (!settled && (clock.nextIn ?? Number.POSITIVE_INFINITY) <= 25) {
        await clock.advance(25);
      }
      return settled;
    });
    return told(await next);
  };
  const { changes, cursor } = await stream.next();
  expect(changes).toEqual([]);
  expect(cursor).not.toBe("");
  let machine = "";
  const heard = await woken(async () => (machine = await add()));
  expect(heard).toEqual([machine]);
  expect(await woken(() => label(machine, "1"))).toEqual([`${machine} 1`]);
  const deletion = () => clients.machines.machineDelete({ requestId: randomUUID(), machine });
  expect(await woken(deletion)).toEqual([`-${machine}`]);
});

test("who comes back with a cursor hears of all that changed meanwhile, each machine as it is now", async () => {
  const [one, two, gone] = [await add(), await add(), await add()];
  let cursor: string;
  {
    await using stream = watch();
    ({ cursor } = await stream.next());
  }
  await label(one, "1");
  await label(one, "2");
  await label(two, "1");
  await clients.machines.machineDelete({ requestId: randomUUID(), machine: gone });
  await using again = watch({ cursor });
  expect((await again.next()).changes).toEqual([]);
  expect(told(await again.next())).toEqual([`${one} 2`, `${two} 1`, `-${gone}`]);
});

test("with what there is: every machine comes, in pages whose cursors go on where they ended", async () => {
  for (let index = 0; index < 120; index += 1) {
    await add();
  }
  const { rows } = await dependencies.database.pool.query<{ machine_id: string }>("SELECT machine_id FROM machines");
  const ids = rows.map(({ machine_id }) => machine_id);
  const seen: string[] = [];
  let cursor: string;
  {
    await using stream = watch({ includeExisting: true });
    await stream.next();
    const page = await stream.next();
    expect(page.changes).toHaveLength(100);
    seen.push(...told(page).map((line) => line.split(" ")[0] ?? ""));
    ({ cursor } = page);
  }
  await using rest = watch({ cursor });
  await rest.next();
  seen.push(...told(await rest.next()).map((line) => line.split(" ")[0] ?? ""));
  expect(seen.toSorted()).toEqual(ids.toSorted());
});

describe("a cursor", () => {
  const token = (...parts: unknown[]): string => Buffer.from(JSON.stringify(parts)).toString("base64url");

  async function refused(request: { cursor?: string; includeExisting?: boolean }): Promise<[string, string]> {
    await using stream = watch(request);
    const error = await stream.next().then(
      () => undefined,
      (reason: unknown) => ConnectError.from(reason),
    );
    return error === undefined ? ["ok", ""] : [Code[error.code] ?? "", error.rawMessage];
  }

  test.each([
    ["words", "now"],
    ["another list's token", token("abc", "1", "2")],
    ["no snapshot", token("1-1", "x", "1:1:")],
    ["a broken position", token("1-1", "1:1:", "1:1:", "1:1:", "x", "y")],
    ["much of it", "A".repeat(100_000)],
  ])("of %s is refused", async (_what, cursor) => {
    expect(await refused({ cursor })).toEqual([
      "InvalidArgument",
      expect.stringMatching(/^cursor: expected the cursor/u),
    ]);
  });

  test("of another database, or of a future, is refused, and what to do instead is said", async () => {
    let cursor: string;
    {
      await using stream = watch();
      ({ cursor } = await stream.next());
    }
    const [origin, from, deletedFrom] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as string[];
    for (const other of [token("1-1", from, deletedFrom), token(origin, "1:900000000000:", deletedFrom)]) {
      expect(await refused({ cursor: other })).toEqual([
        "FailedPrecondition",
        expect.stringContaining("watch with include_existing instead"),
      ]);
    }
    expect(await refused({ cursor, includeExisting: true })).toEqual([
      "InvalidArgument",
      expect.stringMatching(/^include_existing: /u),
    ]);
  });
});

test("a reader that takes too long for a message is sent away, with a cursor that it has got", async () => {
  const clock = new FakeClock();
  const handler = machineWatchHandler({ ...dependencies, clock });
  const stop = new AbortController();
  const stream = handler(create(MachineWatchRequestSchema), { signal: stop.signal });
  await stream.next();
  const machine = await add();
  const { value } = await stream.next();
  expect(value?.changes).toHaveLength(1);
  await label(machine, "1");
  await clock.advance(31_000);
  await expect(stream.next()).rejects.toMatchObject({
    code: Code.ResourceExhausted,
    rawMessage: expect.stringContaining("watch again from the last cursor") as string,
  });
  await using again = watch({ cursor: value?.cursor ?? "" });
  await again.next();
  expect(told(await again.next())).toEqual([`${machine} 1`]);
});
