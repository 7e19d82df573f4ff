import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, test } from "vitest";
import { operatorClient, type OperatorClient } from "../../src/cli/call/client.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { simulate } from "../../src/simulator/simulate.ts";
import { type CuttableProxy, cuttableProxy } from "../support/cuttable-proxy.ts";
import { farrierServe } from "../support/farrier-process.ts";
import { type PairNode, pairMissing, type PostgresPair, postgresPair } from "../support/postgres-pair.ts";
import { waitFor } from "../support/wait.ts";

/** What loses its primary, and how. */
interface Round {
  title: string;
  lose(primary: PairNode): Promise<void>;
  /** What a cluster manager does so that the old one can do no harm; before the standby is promoted. */
  fence(primary: PairNode): Promise<void>;
}

const agents = 500;

test("C3: 500 agents installing and an operator lose nothing when the primary is killed or cut off", async (context) => {
  context.skip(pairMissing !== undefined, pairMissing);
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "farrier-failover-"));
  stack.defer(async () => await rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const pair = stack.use(await postgresPair());
  const proxies = {
    a: stack.use(await cuttableProxy(pair.nodes[0].port)),
    b: stack.use(await cuttableProxy(pair.nodes[1].port)),
  };
  const hosts = `127.0.0.1:${proxies.a.port},127.0.0.1:${proxies.b.port}`;
  const up = await farrierServe([
    ...["up", "--data-dir", folder, "--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0", "--netboot", "off"],
    ...["--database-url", `postgresql://farrier@${hosts}/farrier?target_session_attrs=read-write`],
  ]);
  stack.defer(async () => void (await up.end("SIGTERM")));
  let primary = pair.nodes[0];
  await pair.rows(primary, "CREATE TABLE bare (at timestamptz DEFAULT now())", "postgres");
  const bare = stack.use(bareWriter(Object.values(proxies)));
  const client = await operatorClient({ dataDir: folder, operators: undefined }, {});
  const commands = stack.use(commandStream(client));
  const finish = new AbortController();
  const stop = new AbortController();
  stack.defer(() => stop.abort());
  let requests = 0;
  const simulated = simulate(
    {
      agents,
      interval: 5_000,
      faults: [],
      seed: "failover",
      duration: 600_000,
      // More, and on a busy machine the operators' calls wait for each other, not for the failover.
      installsPerMinute: 200,
      endpoints: [],
      operators: [up.operators],
      token: (await readFile(join(folder, "operator-token"), "utf8")).trim(),
      anywhere: false,
      writing: 2_000,
    },
    {
      clock: systemClock,
      signal: stop.signal,
      finish: finish.signal,
      status: ({ counts }) => {
        requests = counts.requests;
      },
      tell: (text) => process.stdout.write(`${text}\n`),
    },
  );
  // Waited for below; until then it must not end this process.
  simulated.catch(() => undefined);
  await Promise.race([
    waitFor("installations to be under way", () => installationsRequested(pair, primary, 20), {
      timeoutMs: 200_000,
      intervalMs: 200,
    }),
    simulated.then(() => expect.unreachable("it comes to its end when it is told to, below")),
  ]);

  const kill: Omit<Round, "title"> = { lose: (node) => pair.kill(node), fence: async () => undefined };
  const cut: Omit<Round, "title"> = {
    lose: async (node) => proxies[node.name].cut(),
    fence: (node) => pair.kill(node),
  };
  const rounds: Round[] = [
    { title: "kill 1", ...kill },
    { title: "kill 2", ...kill },
    { title: "kill 3", ...kill },
    { title: "cut", ...cut },
  ];
  for (const round of rounds) {
    const before = commands.acknowledged();
    await waitFor("commands to be carried out", () => commands.acknowledged() > before + 3, { timeoutMs: 60_000 });
    const lostAt = performance.now();
    await round.lose(primary);
    await sure(proxies[primary.name]);
    await round.fence(primary);
    primary = pair.other(primary);
    await pair.promote(primary);
    const [bareAt, farrierAt] = await Promise.all([bare.writtenAfter(lostAt), commands.answeredAfter(lostAt)]);
    const [bareTook, farrierTook] = [bareAt - lostAt, farrierAt - lostAt];
    process.stdout.write(
      `failover, ${round.title}: writable again after ${bareTook.toFixed(0)} ms by a bare client, ` +
        `${farrierTook.toFixed(0)} ms through Farrier: ${(farrierTook / bareTook).toFixed(2)}\n`,
    );
    proxies[pair.other(primary).name].heal();
    await pair.rejoin(pair.other(primary));
  }

  await splitStaysLeft();
  // A quick machine is through all rounds before the simulation has asked for 100.
  await waitFor("more than 100 installations to be asked for", () => requests > 100, { timeoutMs: 100_000 });
  finish.abort();
  const { summary } = await simulated;
  await commands[Symbol.asyncDispose]();
  expect(summary.violations).toEqual([]);
  expect(summary.counts.requests).toBeGreaterThan(100);
  const kept = await pair.rows<{ provider_id: string }>(primary, "SELECT provider_id FROM machine_provided");
  const there = new Set(kept.map((row) => row.provider_id));
  expect(commands.names().filter((name) => !there.has(name))).toEqual([]);
  expect(up.running).toBe(true);

  /** The primary is cut off from us alone, and takes its own clients' writes on: we never go back to it. */
  async function splitStaysLeft(): Promise<void> {
    const old = primary;
    await pair.rows(old, "ALTER SYSTEM SET synchronous_standby_names = ''", "postgres");
    proxies[old.name].cut();
    await pair.rows(old, "SELECT pg_reload_conf()", "postgres");
    await sure(proxies[old.name]);
    primary = pair.other(old);
    await pair.promote(primary);
    const answeredAt = await commands.answeredAfter(performance.now());
    proxies[old.name].heal();
    // What was under way on the old connections when they were cut may still have arrived there; nothing later does.
    const written = async (): Promise<number> => {
      const [row] = await pair.rows<{ count: string }>(old, "SELECT count(*) FROM history");
      return Number(row?.count);
    };
    await waitFor("nothing of ours to be connected to the old primary", async () => {
      const connected = await pair.rows(
        old,
        `SELECT FROM pg_stat_activity WHERE datname = 'farrier' AND application_name LIKE 'farrier%'
           AND application_name <> 'farrier primary'`,
      );
      return connected.length === 0;
    });
    const before = await written();
    // Its own clients are served.
    await pair.rows(old, "INSERT INTO bare DEFAULT VALUES RETURNING at", "postgres");
    const soFar = commands.acknowledged();
    await waitFor("twenty more commands", () => commands.acknowledged() > soFar + 20, { timeoutMs: 60_000 });
    expect(await written()).toBe(before);
    expect(answeredAt).toBeGreaterThan(0);
  }
}, 480_000);

async function installationsRequested(pair: PostgresPair, node: PairNode, least: number): Promise<boolean> {
  const [row] = await pair.rows<{ count: string }>(node, "SELECT count(*) FROM machine_os_installation_request");
  return Number(row?.count) >= least;
}

/** Looks as a cluster manager does: three times without an answer, and it is sure. */
async function sure({ port }: CuttableProxy): Promise<void> {
  for (let missed = 0; missed < 3;) {
    missed = (await answers(port)) ? 0 : missed + 1;
    await systemClock.sleep(200);
  }
}

function answers(port: number): Promise<boolean> {
  return bareQuery(port, "SELECT 1").then(
    () => true,
    () => false,
  );
}

async function bareQuery(port: number, text: string): Promise<void> {
  const client = new pg.Client({
    ...{ host: "127.0.0.1", port, user: "farrier", database: "postgres" },
    ...{ connectionTimeoutMillis: 400, query_timeout: 400 },
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query(text);
  } finally {
    void client.end().catch(() => undefined); // It is gone already.
  }
}

/** The reference: writes to whichever takes it, over a new connection each time. */
function bareWriter(
  proxies: readonly CuttableProxy[],
): AsyncDisposable & { writtenAfter(at: number): Promise<number> } {
  let [stopped, last, begun] = [false, 0, 0];
  const running = Promise.all(
    proxies.map(async ({ port }) => {
      while (!stopped) {
        const at = performance.now();
        await bareQuery(port, "INSERT INTO bare DEFAULT VALUES").then(
          () => {
            begun = Math.max(begun, at);
            last = performance.now();
          },
          () => undefined,
        );
        await systemClock.sleep(50);
      }
    }),
  );
  return {
    writtenAfter: async (at) =>
      await waitFor("the bare client to write", () => begun > at && last, { timeoutMs: 60_000 }),
    [Symbol.asyncDispose]: async () => {
      stopped = true;
      await running;
    },
  };
}

/** An operator who adds one machine after the other, each with one request id until it is answered. */
function commandStream(client: OperatorClient): AsyncDisposable & {
  acknowledged(): number;
  names(): string[];
  answeredAfter(at: number): Promise<number>;
} {
  const names: string[] = [];
  let [stopped, last] = [false, 0];
  const running = (async () => {
    for (let number = 0; !stopped; number += 1) {
      const [requestId, providerId] = [randomUUID(), `command-${number}`];
      for (let answered = false; !answered && !stopped;) {
        answered = await client.machines.machineAdd({ requestId, provider: "static", providerId }).then(
          () => true,
          () => false,
        );
        await systemClock.sleep(50);
      }
      if (!stopped) {
        names.push(providerId);
        last = performance.now();
      }
    }
  })();
  return {
    acknowledged: () => names.length,
    names: () => [...names],
    answeredAfter: async (at) =>
      await waitFor("a command to be answered", () => last > at && last, { timeoutMs: 60_000 }),
    [Symbol.asyncDispose]: async () => {
      stopped = true;
      await running;
    },
  };
}
