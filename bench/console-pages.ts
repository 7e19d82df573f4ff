import { createClient, type Transport } from "@connectrpc/connect";
import type pg from "pg";
import type { Browser } from "playwright-core";
import { MachineService, MachineSort } from "../gen/farrier/operator/v1/machine_pb.ts";
import { browserMissing, browserStart } from "../test/console/support/browser.ts";
import { consoleWindow, type ConsoleWindow } from "../test/console/support/console-page.ts";
import {
  callsAlone,
  callsOf,
  callsTimed,
  heapBytes,
  pageSlow,
  rowsDrawn,
  rowsNew,
  rowsShow,
  rowsText,
} from "./support/console-browser.ts";
import { percentileOf } from "./support/percentile.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const load = {
  /** As on a processor that is four times slower: the pages, and what they are compared with in the same browser. */
  slowed: 4,
  rows: 50,
  cold: scaled(15, 3),
  filters: scaled(40, 6),
  changes: scaled(200, 10),
  /** Milliseconds of quiet before the next change of a filter or a machine. */
  quiet: 600,
} as const;

/** The server whose console is measured. */
export interface MeasuredConsole {
  pool: pg.Pool;
  /** The operators' address. */
  url: string;
  token: string;
  transport: Transport;
  machines: number;
}

/**
 * P17: what a person waits for, in Chromium, by turns with the least that can be had: the list from a cold address, with
 * an empty page that makes the same calls; another filter or order, with the call alone; a change in the database on
 * screen, with its arrival at a bare watcher.
 */
export async function benchConsolePages(server: MeasuredConsole, options: { json: boolean }): Promise<void> {
  if (browserMissing !== undefined) {
    process.stderr.write(`the console's pages are not measured: ${browserMissing}\n`);
    return;
  }
  const browser = await browserStart();
  try {
    await reportCold(browser, server, options);
    await reportFilter(browser, server, options);
    await reportChange(browser, server, options);
  } finally {
    await browser.close();
  }
}

const conditions = ({ machines }: MeasuredConsole) => ({
  "the processor of pages is slowed": load.slowed,
  "machines in the database": machines,
});

/** Opens a window that is high enough for 50 rows. */
async function windowOpen(browser: Browser, server: MeasuredConsole): Promise<ConsoleWindow> {
  const token = () => Promise.resolve(server.token);
  const size = { width: 1440, height: 40 * (load.rows + 8) };
  return await consoleWindow(browser, { url: server.url, token }, { size });
}

async function quiet(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, load.quiet));
}

async function reportCold(browser: Browser, server: MeasuredConsole, options: { json: boolean }): Promise<void> {
  const lists: number[] = [];
  const empties: number[] = [];
  let names: string[] = [];
  // The first round warms the caches of the server and of PostgreSQL.
  for (let round = -1; round < load.cold; round += 1) {
    // Each in a browser's profile of its own, which knows no file of the console.
    await using opened = await windowOpen(browser, server);
    await pageSlow(opened.page, server.url, load.slowed);
    const calls = callsOf(opened.page);
    await opened.page.goto(`${server.url}/console/machines`, { waitUntil: "commit" });
    const list = await rowsDrawn(opened.page, load.rows);
    const asked = calls.until("MachineList");
    await using other = await windowOpen(browser, server);
    await pageSlow(other.page, server.url, load.slowed);
    const empty = await callsAlone(other.page, `${server.url}/healthz`, asked);
    names = asked.map(({ path }) => path.split("/").at(-1) ?? path);
    if (round >= 0) {
      lists.push(list);
      empties.push(empty);
    }
  }
  report(
    {
      id: "P17-cold",
      value: median(lists.map((list, index) => list / (empties[index] ?? Number.NaN))),
      target: 4,
      better: "lower",
      details: {
        "address entered until 50 rows are drawn, ms, median": median(lists),
        "an empty page and the same calls by fetch, ms, median": median(empties),
        "the calls": names,
        rounds: lists.length,
        ...conditions(server),
      },
    },
    options.json,
  );
}

async function reportFilter(browser: Browser, server: MeasuredConsole, options: { json: boolean }): Promise<void> {
  const shown: number[] = [];
  const alone: number[] = [];
  await using opened = await windowOpen(browser, server);
  const { page } = opened;
  await pageSlow(page, server.url, load.slowed);
  const calls = callsOf(page);
  await opened.open("/machines");
  await rowsDrawn(page, load.rows);
  const field = page.getByRole("searchbox", { name: "Filter machines" });
  // Each puts other rows first than the one before: machines of one state are in the same order by state and by time.
  const orders = ["Name", "For", "Name", "State"];
  for (let round = -2; round < load.filters; round += 1) {
    const turn = (round + 2) >> 1;
    // Each filter with one other order: nothing of it was read before.
    const byFilter = round % 2 === 0;
    if (byFilter) {
      await field.fill(`row=w${turn % 50}`);
    }
    const order = page
      .getByRole("table")
      .getByRole("button", { name: orders[turn % orders.length] ?? "", exact: true });
    await quiet();
    const before = await rowsText(page);
    calls.forget();
    const [took] = await Promise.all([rowsNew(page, before), byFilter ? field.press("Enter") : order.click()]);
    await quiet();
    const [bare = Number.NaN] = await callsTimed(page, calls.until("MachineList").slice(-1));
    if (round >= 0) {
      shown.push(took);
      alone.push(bare);
    }
  }
  report(
    {
      id: "P17-filter",
      value: percentileOf(0.95, shown) / percentileOf(0.95, alone),
      target: 2,
      better: "lower",
      details: {
        "filter or order changed until its rows are drawn, ms, p95": percentileOf(0.95, shown),
        "filter or order changed until its rows are drawn, ms, p50": percentileOf(0.5, shown),
        "the call alone, ms, p95": percentileOf(0.95, alone),
        "the call alone, ms, p50": percentileOf(0.5, alone),
        changes: shown.length,
        ...conditions(server),
      },
    },
    options.json,
  );
}

async function reportChange(browser: Browser, server: MeasuredConsole, options: { json: boolean }): Promise<void> {
  await using opened = await windowOpen(browser, server);
  const session = await pageSlow(opened.page, server.url, load.slowed);
  await opened.open("/machines");
  await rowsDrawn(opened.page, load.rows);
  const client = createClient(MachineService, server.transport);
  const { machines } = await client.machineList({ pageSize: load.rows, sort: MachineSort.NAME });
  const ids = machines.map(({ id }) => id);
  await using watcher = bareWatcher(server, ids);
  const rounds: { mark: string; begun: number; at: number }[] = [];
  for (let round = -2; round < load.changes; round += 1) {
    await quiet();
    const mark = `change${round + 2}.`;
    const seen = rowsShow(opened.page, `round=${mark}`);
    const begun = performance.timeOrigin + performance.now();
    await server.pool.query(
      "UPDATE machines SET labels = labels || jsonb_build_object('round', $2::text) WHERE machine_id = $1",
      [ids[(round + 2) % ids.length], mark],
    );
    const at = await seen;
    if (round >= 0) {
      rounds.push({ mark, begun, at });
    }
  }
  await quiet();
  // A change that the bare watcher did not hear has nothing that it could be compared with.
  const both = rounds.flatMap(({ mark, begun, at }) => {
    const came = watcher.arrived.get(mark);
    return came === undefined ? [] : [{ shown: at - begun, heard: came - begun }];
  });
  const shown = both.map((one) => one.shown);
  const heard = both.map((one) => one.heard);
  report(
    {
      id: "P17-change",
      value: percentileOf(0.99, shown) / percentileOf(0.99, heard),
      target: 3,
      better: "lower",
      details: {
        "a change in the database until it is on screen, ms, p99": percentileOf(0.99, shown),
        "a change in the database until it is on screen, ms, p50": percentileOf(0.5, shown),
        "until a bare watcher has it, ms, p99": percentileOf(0.99, heard),
        "until a bare watcher has it, ms, p50": percentileOf(0.5, heard),
        "MiB of JavaScript in the page afterwards": (await heapBytes(session)) / 2 ** 20,
        changes: rounds.length,
        "changes that the bare watcher did not hear, which are left out": rounds.length - both.length,
        "times that the bare watcher's stream ended": watcher.ends,
        ...conditions(server),
      },
    },
    options.json,
  );
}

/** Notes when changes of machines arrive, until it is disposed of. */
interface BareWatcher extends AsyncDisposable {
  /** Milliseconds since 1970, by the label "round". */
  readonly arrived: ReadonlyMap<string, number>;
  /** How often its stream ended by itself. */
  readonly ends: number;
}

/** Watches as any client may; a stream that ends begins anew, without what changed in between. */
function bareWatcher(server: MeasuredConsole, machines: string[]): BareWatcher {
  const client = createClient(MachineService, server.transport);
  const stop = new AbortController();
  const arrived = new Map<string, number>();
  let ends = 0;
  const watching = (async () => {
    while (!stop.signal.aborted) {
      try {
        for await (const { changes } of client.machineWatch({ machines }, { signal: stop.signal, timeoutMs: 0 })) {
          for (const { change } of changes) {
            const mark = change.case === "machine" ? change.value.labels["round"] : undefined;
            if (mark !== undefined && !arrived.has(mark)) {
              arrived.set(mark, performance.timeOrigin + performance.now());
            }
          }
        }
      } catch (error) {
        if (!stop.signal.aborted) {
          ends += 1;
          process.stderr.write(`the bare watcher's stream ended: ${String(error)}\n`);
          await quiet();
        }
      }
    }
  })();
  return {
    arrived,
    get ends() {
      return ends;
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watching;
    },
  };
}
