import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import {
  MachineWatchRequestSchema,
  type MachineState,
  type MachineWatchResponse,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { testClients, type TestClients } from "../testing/operator-api.ts";
import { machineFeed, type MachineFeed } from "../machine-feed.ts";
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
function watch(request: Parameters<TestClients["machines"]["machineWatch"]>[0] = {}, by: TestClients = clients) {
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

/** All that is told until a line of it comes. */
async function until(stream: ReturnType<typeof watch>, line: string): Promise<string[]> {
  const lines: string[] = [];
  while (!lines.includes(line)) {
    lines.push(...told(await stream.next()));
  }
  return lines;
}

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

test("a caller that hangs up between two messages leaves nothing that goes on reading", async () => {
  const reads = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const feed: MachineFeed = {
    next: () => ({
      wait: async (_milliseconds, signal) => {
        const end = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        reads.resolve();
        await end;
        left.resolve();
      },
    }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const hungUp = new AbortController();
  const watching = machineWatchHandler({ ...dependencies, feed })(create(MachineWatchRequestSchema), hungUp);
  await watching.next();
  await reads.promise;
  // Nobody asks for the next message any more, as after a write that failed.
  hungUp.abort();
  await left.promise;
  // One who has left already gets nothing, and nothing begins for it.
  const late = machineWatchHandler({ ...dependencies, feed })(create(MachineWatchRequestSchema), hungUp);
  expect(await late.next()).toEqual({ done: true, value: undefined });
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

describe("a watch of some machines", () => {
  test("tells of the named ones alone: changes, deletions, and what there is", async () => {
    const [one, other, gone] = [await add(), await add(), await add()];
    await using stream = watch({ machines: [one, gone, randomUUID()], includeExisting: true });
    await stream.next();
    expect(told(await stream.next())).toEqual([one, gone]);
    await label(other, "1");
    await label(one, "2");
    // What was changed shortly before the watch began may be told again.
    expect(await until(stream, `${one} 2`)).not.toContain(`${other} 1`);
    await clients.machines.machineDelete({ requestId: randomUUID(), machine: other });
    await clients.machines.machineDelete({ requestId: randomUUID(), machine: gone });
    expect(told(await stream.next())).toEqual([`-${gone}`]);
  });

  test("tells of those that match after the change, of named ones in any case, and of every deletion", async () => {
    const [named, matching, other] = [await add(), await add(), await add()];
    await label(matching, "5");
    let cursor: string;
    {
      await using stream = watch({ filter: { labels: { n: "5" } }, machines: [named], includeExisting: true });
      await stream.next();
      // What there is, by a walk over all that has ever changed.
      expect(told(await stream.next()).toSorted()).toEqual([named, `${matching} 5`].toSorted());
      await label(other, "6");
      await label(named, "6");
      await until(stream, `${named} 6`);
      await label(other, "5");
      const heard = await stream.next();
      expect(told(heard)).toEqual([`${other} 5`]);
      ({ cursor } = heard);
    }
    // A machine that stopped matching is not sent.
    await label(matching, "7");
    await label(other, "7");
    await label(named, "8");
    await clients.machines.machineDelete({ requestId: randomUUID(), machine: other });
    await using again = watch({ filter: { labels: { n: "5" } }, machines: [named], cursor });
    await again.next();
    expect(told(await again.next())).toEqual([`${named} 8`, `-${other}`]);
  });

  test("tells of the progress of the named ones, though it is no change of theirs", async () => {
    const machine = await add();
    await using stream = watch({ machines: [machine] });
    await stream.next();
    await fleet.rows(
      `INSERT INTO machine_os_installation_request (machine_id, generation, os_installation_request_raw) VALUES ($1, 1, '')`,
      machine,
    );
    await fleet.rows(
      `INSERT INTO machine_os_installation_progress (machine_id, generation, run, phase, bytes_done, bytes_total, detail)
       VALUES ($1, 1, '', 'writing', 5, 100, '')`,
      machine,
    );
    const bytes = async (): Promise<bigint> => {
      const { changes } = await stream.next();
      const [change] = changes;
      return change?.change.case === "machine"
        ? (change.change.value.installation?.progress?.bytesDone ?? 0n)
        : Promise.reject(new Error("no machine"));
    };
    await waitFor("the first bytes", async () => (await bytes()) === 5n);
    await fleet.rows(
      "UPDATE machine_os_installation_progress SET bytes_done = 50, progressed_at = now() WHERE machine_id = $1",
      machine,
    );
    expect(await bytes()).toBe(50n);
  });

  test("more changes than are kept for a reader are read from the database, and none is missing", async () => {
    const rows = await fleet.rows<{ machine_id: string }>(
      `WITH made AS (
         INSERT INTO machines (machine_id, labels) SELECT gen_random_uuid(), '{"many": "0"}' FROM generate_series(1, 2500)
         RETURNING machine_id
       ) SELECT machine_id FROM made`,
    );
    const wanted = new Set(rows.map(({ machine_id }) => machine_id));
    await using stream = watch({ filter: { labels: { many: "1" } } });
    await stream.next();
    await fleet.rows(`UPDATE machines SET labels = '{"many": "1"}' WHERE labels = '{"many": "0"}'`);
    const seen = new Set<string>();
    while (seen.size < wanted.size) {
      for (const { change } of (await stream.next()).changes) {
        expect(change.case === "machine" && wanted.has(change.value.id)).toBe(true);
        seen.add(change.case === "machine" ? change.value.id : "");
      }
    }
    expect(seen).toEqual(wanted);
  });

  test("all watches share one reader, which ends with the last", async () => {
    const [one, two] = [await add(), await add()];
    {
      await using first = watch({ machines: [one] });
      await first.next();
      await using second = watch({ machines: [two] });
      await second.next();
      await label(one, "1");
      await label(two, "1");
      expect(await until(first, `${one} 1`)).not.toContain(`${two} 1`);
      expect(await until(second, `${two} 1`)).not.toContain(`${one} 1`);
    }
    await using third = watch({ machines: [one] });
    await third.next();
    await label(one, "3");
    await until(third, `${one} 3`);
  });

  const bad: Record<string, [Parameters<typeof watch>[0], RegExp]> = {
    "a name in place of an id": [{ machines: ["web1"] }, /^machines\.0: expected a machine's UUID/u],
    "too many ids": [
      { machines: Array.from({ length: 1_001 }, () => randomUUID()) },
      /^machines: expected at most 1000 machines/u,
    ],
    "a state of a later version": [
      { filter: { states: [99 as MachineState] } },
      /^filter\.states: this server knows no such state/u,
    ],
    "a NUL": [{ filter: { search: "\0" } }, /^filter\.search: /u],
  };
  test.each(Object.keys(bad))("refuses %s", async (what) => {
    const [request, message] = bad[what] ?? [{}, /^$/u];
    await using stream = watch(request);
    const error = await stream.next().then(
      () => undefined,
      (reason: unknown) => ConnectError.from(reason),
    );
    expect(error?.code).toBe(Code.InvalidArgument);
    expect(error?.rawMessage).toMatch(message);
  });
});
