import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Role } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { testDatabase } from "../../../test/support/database.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { connect } from "../../database/connect.ts";
import { callPlaceLimits } from "../caller/call-places.ts";
import { testClients, testDependencies } from "../testing/operator-api.ts";

test("A3: with all of the operators' connections taken, calls wait up to a limit; a refusal is answered and audited at once", async () => {
  await using database = await testDatabase();
  await using dependencies = testDependencies(database.connection);
  const { log } = dependencies;
  await using operators = connect(database.connection, { log, connections: 8 });
  // Its authenticator and audit have connections of their own.
  const server = { ...dependencies, database: operators, auditDatabase: dependencies.database };
  const clients = testClients(server);
  const viewer = await testClients(dependencies).access.tokenCreate({
    ...{ requestId: randomUUID(), name: "looker", role: Role.VIEWER, expiresInSeconds: 0n },
  });
  // In place of eight statements that do not end.
  const taken = await Promise.all(Array.from({ length: 8 }, () => operators.pool.connect()));
  const { running, waiting } = callPlaceLimits;
  const refusals: ConnectError[] = [];
  const calls = Array.from({ length: running + waiting + 40 }, async () => {
    await clients.machines.machineList({}).catch((error: unknown) => void refusals.push(ConnectError.from(error)));
  });
  await waitFor("the refusals", () => refusals.length === 40);
  for (const refusal of refusals) {
    expect([refusal.code, refusal.metadata.get("retry-after")]).toEqual([Code.ResourceExhausted, "1"]);
  }
  expect(operators.pool.waitingCount).toBe(running);
  const audited = async (code: string): Promise<unknown[]> => {
    const { rows } = await dependencies.database.pool.query(
      "SELECT actor, method FROM operator_audit WHERE code = $1 AND actor <> 'nobody' AND method NOT LIKE '%TokenCreate'",
      [code],
    );
    return rows as unknown[];
  };
  const add = { requestId: randomUUID(), provider: "static", providerId: "x" };
  await expect(testClients(server, viewer.secret).machines.machineAdd(add)).rejects.toMatchObject({
    code: Code.PermissionDenied,
  });
  expect(await audited("permission_denied")).toEqual([
    { actor: "looker", method: "farrier.operator.v1.MachineService/MachineAdd" },
  ]);
  // Commands that are too many are audited once a minute: their number is unlimited.
  for (let turn = 0; turn < 3; turn += 1) {
    await expect(clients.machines.machineAdd({ ...add, requestId: randomUUID() })).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    });
  }
  expect(await audited("resource_exhausted")).toHaveLength(1);
  for (const client of taken) {
    client.release();
  }
  await Promise.all(calls);
  expect(refusals).toHaveLength(40);
});
