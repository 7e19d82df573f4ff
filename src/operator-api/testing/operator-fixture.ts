import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll } from "vitest";
import { testFleet, type Fleet } from "../../../test/support/fleet.ts";
import { testClients, testDependencies, type TestClients, type TestDependencies } from "./operator-api.ts";

/** What the tests of a file share. */
export interface OperatorFixture {
  /** The database, what is put into it beside the API, and what is read from it. */
  fleet: Fleet;
  dependencies: TestDependencies;
  /** With the administrator's token. */
  clients: TestClients;
}

/** An operator API in memory on a database of its own; both are gone after the file's last test. */
export async function operatorFixture(): Promise<OperatorFixture> {
  const fleet = await testFleet();
  const dependencies = testDependencies(fleet.test.connection);
  afterAll(async () => {
    await dependencies[Symbol.asyncDispose]();
    await fleet[Symbol.asyncDispose]();
  });
  return { fleet, dependencies, clients: testClients(dependencies) };
}

/** The code and the message of a refused call; ["ok", ""] if the call succeeds. */
export async function refusal(call: Promise<unknown>): Promise<[string, string]> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason),
  );
  return error === undefined ? ["ok", ""] : [Code[error.code] ?? "", error.rawMessage];
}
