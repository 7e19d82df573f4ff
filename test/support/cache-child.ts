import { text } from "node:stream/consumers";
import { cacheKeep } from "../../src/cache/keep.ts";
import { databaseTimeFollow } from "../../src/cache/database-time.ts";
import { directoryStore } from "../../src/cache/directory-store.ts";
import { connect } from "../../src/database/connect.ts";
import type { DatabaseAddress } from "../../src/database/address/database-address.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { testKeyRing } from "../../src/secrets/testing/key-ring.ts";

// A cache as a process of its own, to be killed while it fetches: node cache-child.ts FOLDER, the database on its standard
// input. Its origin gives some bytes and falls silent; it prints a line then.
const [, , folder = ""] = process.argv;
const log = createLogger({ level: "warn", component: "cache" });
const address = JSON.parse(await text(process.stdin)) as DatabaseAddress;
const store = await directoryStore(folder, { clock: systemClock, log });
cacheKeep({
  ...{ database: connect(address, { log }), store, ring: testKeyRing(), urls: [], room: 1 << 30 },
  ...{ time: databaseTimeFollow(systemClock), metrics: createMetrics(), clock: systemClock, log },
  origin: (_digest, take) => take(silentAfter(1000)),
});

async function* silentAfter(bytes: number): AsyncGenerator<Buffer> {
  yield Buffer.alloc(bytes);
  process.stdout.write("began\n");
  await new Promise(() => setInterval(() => undefined, 1_000));
}
