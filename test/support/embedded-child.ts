import { embeddedStart } from "../../src/database/embedded/embedded.ts";
import { createLogger } from "../../src/lib/log.ts";

/** A process of its own with an embedded PostgreSQL, to be killed: prints the postmaster's pid once it serves. */
const [directory, then] = process.argv.slice(2);
const postgres = await embeddedStart({
  directory: directory ?? "",
  log: createLogger({ level: "silent", component: "test" }),
  binaries: process.env["FARRIER_TEST_POSTGRES_BIN"],
  settings: { fsync: "off" },
});
process.stdout.write(`${postgres.pid}\n`);
if (then === "exit") {
  process.exit(0);
}
