import type pg from "pg";
import type { DatabaseAddress } from "../address/database-address.ts";
import { clientOpen } from "./client.ts";
import { holderNote } from "./lock-held.ts";
import { socketOf } from "./socket.ts";
import { present } from "../../lib/defined.ts";

/** Milliseconds between two checks of waiting connections; lock waits are limited to a second (lock_timeout). */
const tick = 200;

interface Row {
  waiting: number;
  pid: number;
  application: string;
  since: Date | null;
}

/**
 * Finds out who holds the locks that a pool's connections wait for, while they wait, because it can't be found out
 * afterwards. It uses a connection of its own, and only when a connection has waited for one answer from one check to
 * the next.
 */
export function lockHoldersFollow(pool: pg.Pool, address: DatabaseAddress, settings: pg.ClientConfig): void {
  /** Connections in use, with the bytes received by the last check if they waited for an answer then. */
  const acquired = new Map<pg.PoolClient, number | undefined>();
  let timer: NodeJS.Timeout | undefined;
  let asking = false;
  pool.on("acquire", (client) => {
    acquired.set(client, undefined);
    timer ??= setInterval(look, tick).unref();
  });
  pool.on("release", (_error, client) => {
    acquired.delete(client);
    if (acquired.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  });

  function look(): void {
    const waiting: pg.PoolClient[] = [];
    for (const [client, before] of acquired) {
      const { bytesRead } = socketOf(client);
      if (isBusy(client) && before === bytesRead) {
        waiting.push(client);
      }
      acquired.set(client, isBusy(client) ? bytesRead : undefined);
    }
    if (waiting.length === 0 || asking) {
      return;
    }
    asking = true;
    // A failure is ignored: the database is unreachable then.
    void ask(waiting)
      .catch(() => undefined)
      .finally(() => {
        asking = false;
      });
  }

  async function ask(waiting: readonly pg.PoolClient[]): Promise<void> {
    const byPid = new Map(waiting.flatMap((client) => (pidOf(client) === null ? [] : [[pidOf(client), client]])));
    const client = clientOpen(address, { ...settings, query_timeout: 2_000, application_name: "farrier locks" });
    client.on("error", () => undefined); // An error of the connection fails the query too.
    try {
      await client.connect();
      const { rows } = await client.query<Row>(
        `SELECT w.pid AS waiting, a.pid, a.application_name AS application, a.xact_start AS since
         FROM unnest($1::integer[]) AS w (pid) CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS b (pid)
         JOIN pg_stat_activity a ON a.pid = b.pid ORDER BY a.xact_start DESC`,
        [[...byPid.keys()]],
      );
      for (const { waiting: pid, application, since, pid: holder } of rows) {
        const blocked = byPid.get(pid);
        if (blocked !== undefined) {
          holderNote(blocked, { pid: holder, application, ...present({ since }) });
        }
      }
    } finally {
      await client.end().catch(() => undefined); // The connection is closed already.
    }
  }
}

// No type declares these two fields, but node-postgres has always had them.
function isBusy(client: pg.PoolClient): boolean {
  return (client as unknown as { readyForQuery: boolean | null }).readyForQuery === false;
}

function pidOf(client: pg.PoolClient): number | null {
  return (client as unknown as { processID: number | null }).processID;
}
