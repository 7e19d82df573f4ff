// Several fleets, as operators at their own desks have them: TLS ports with CAs of their own, tokens and certificates.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { farrier, type Finished } from "../../src/cli/testing/processes.ts";
import { tlsFilesEnsure } from "../../src/lib/tls/credentials.ts";
import { operatorApiListen, type OperatorApiListener } from "../../src/operator-api/listener/listener.ts";
import { testDependencies, testToken, type TestDependencies } from "../../src/operator-api/testing/operator-api.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

const run = promisify(execFile);

let directory: string;
let database: TestDatabase;
let dependencies: TestDependencies;
let listener: OperatorApiListener;
let url: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-contexts-"));
  database = await testDatabase();
  dependencies = testDependencies(database.connection);
  const server = await tlsFilesEnsure({ directory: join(directory, "tls"), serverNames: [] });
  const other = await tlsFilesEnsure({ directory: join(directory, "other"), serverNames: [] });
  await writeFile(join(directory, "ca.pem"), server.caCertificatePem);
  await writeFile(join(directory, "other-ca.pem"), other.caCertificatePem);
  await writeFile(join(directory, "token"), `${testToken}\n`, { mode: 0o600 });
  const operators = await operatorsCa();
  listener = await operatorApiListen({
    ...dependencies,
    address: { host: "0.0.0.0", port: 0 },
    probes: { ready: async () => ({ ready: true }), metrics: async () => "" },
    tls: { certificatePem: server.serverCertificatePem, keyPem: server.serverKeyPem, clientCaPem: operators },
  });
  url = `https://127.0.0.1:${listener.address.port}`;
});
afterAll(async () => {
  await listener[Symbol.asyncDispose]();
  await dependencies[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** The operators' CA, and alice's certificate of it, as OpenSSL makes them. */
async function operatorsCa(): Promise<string> {
  const at = (name: string): string => join(directory, name);
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  const ca = ["-keyout", at("op-ca.key"), "-out", at("op-ca.pem"), "-subj", "/CN=Operators CA"];
  await run("openssl", ["req", "-x509", ...curve, ...ca, "-addext", "basicConstraints=critical,CA:TRUE"]);
  await run("openssl", [
    ...["req", "-x509", ...curve, "-keyout", at("alice.key"), "-out", at("alice.pem"), "-subj", "/OU=viewer/CN=alice"],
    ...["-addext", "basicConstraints=CA:FALSE", "-CA", at("op-ca.pem"), "-CAkey", at("op-ca.key")],
  ]);
  return (await run("cat", [at("op-ca.pem")])).stdout;
}

const command = (...args: string[]): Promise<Finished> => farrier(args, { HOME: directory });
const at = (name: string): string => join(directory, name);
const add = (name: string, ...flags: string[]): Promise<Finished> =>
  command("context", "add", name, "--url", url, ...flags);

test("a fleet behind TLS with a CA of its own: by token, by certificate, and one after the other", async () => {
  expect((await add("lab", "--ca", at("ca.pem"), "--token-file", at("token"), "--use")).status).toBe(0);
  expect((await add("desk", "--ca", at("ca.pem"), "--cert", at("alice.pem"), "--key", at("alice.key"))).status).toBe(0);
  expect(await command("whoami")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^token, admin, /u) });
  const alice = await command("whoami", "--context", "desk");
  expect(alice).toMatchObject({ status: 0, stdout: expect.stringMatching(/^alice, viewer, by a client certificate/u) });
  const forbidden = await command("machine", "delete", "web1", "--context", "desk");
  expect(forbidden).toMatchObject({ status: 4, stderr: expect.stringMatching(/needs the role operator/u) });
  expect((await command("context", "use", "desk")).status).toBe(0);
  expect((await command("whoami")).stdout).toMatch(/^alice, /u);
});

test("a control plane whose certificate is of another CA, or of a CA that nobody named, is not called", async () => {
  expect((await add("wrong", "--ca", at("other-ca.pem"), "--token-file", at("token"))).status).toBe(0);
  expect((await add("none", "--token-file", at("token"))).status).toBe(0);
  for (const context of ["wrong", "none"]) {
    const { status, stderr } = await command("whoami", "--context", context);
    expect([context, status, stderr]).toEqual([
      context,
      3,
      expect.stringMatching(/^farrier: the certificate of https:\/\/127\.0\.0\.1:\d+ [^\n]*--ca [^\n]*\n$/u),
    ]);
  }
  const missing = await add("missing", "--ca", at("nowhere.pem"), "--token-file", at("token"));
  expect(missing.status).toBe(0);
  expect(await command("whoami", "--context", "missing")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/nowhere\.pem does not exist: expected a PEM file/u),
  });
});
