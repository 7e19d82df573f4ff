import { expect, test } from "vitest";
import { createLogger } from "../../lib/log.ts";
import { cuttableProxy } from "../../../test/support/cuttable-proxy.ts";
import { pairMissing, postgresPair } from "../../../test/support/postgres-pair.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { databaseUrlRead } from "../address/database-url.ts";
import { connect } from "../connect.ts";

test("C3: calls that wait while there is no primary get the promoted one, over new connections and over old ones", async (context) => {
  context.skip(pairMissing !== undefined, pairMissing);
  await using stack = new AsyncDisposableStack();
  const pair = stack.use(await postgresPair());
  const [a, b] = pair.nodes;
  const proxyA = stack.use(await cuttableProxy(a.port));
  const address = databaseUrlRead(`postgresql://farrier@127.0.0.1:${proxyA.port},127.0.0.1:${b.port}/farrier`);
  const database = stack.use(connect(address, { log: createLogger({ level: "error", component: "test" }) }));
  const port = async (): Promise<number> => {
    const { rows } = await database.pool.query<{ port: string }>("SHOW port");
    return Number(rows[0]?.port);
  };
  expect(await port()).toBe(a.port);
  await pair.rows(a, "CREATE TABLE held (id integer)");

  // Cut off: one call waits over a connection that was there, others over new ones that nobody answers.
  proxyA.cut();
  const calls = Promise.allSettled(Array.from({ length: 5 }, () => port()));
  await pair.kill(a);
  await pair.promote(b);
  await waitFor("a call to be answered by the promoted one", async () => (await port()) === b.port);
  // None hangs until its own time limit; those that had connected, or tried to, are told to try again.
  for (const call of await calls) {
    expect(call.status === "fulfilled" ? call.value : String(call.reason)).toSatisfy(
      (found) => found === b.port || /no longer the database's primary|terminated/u.test(String(found)),
    );
  }

  // Killed: calls fail while there is no primary, and a call made once there is one is answered.
  proxyA.heal();
  await pair.rejoin(a);
  await pair.kill(b);
  let failed = 0;
  const answered = waitFor("a call to be answered by the other one", async () => {
    try {
      return (await port()) === a.port;
    } catch {
      failed += 1;
      return false;
    }
  });
  await waitFor("calls to have failed", () => failed > 1);
  await pair.promote(a);
  await answered;
});
