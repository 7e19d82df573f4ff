// Signing in over TLS, from elsewhere: through a tunnel, by `farrier console` with a context, by a client certificate.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { farrier } from "../../src/cli/testing/processes.ts";
import { tlsFilesEnsure } from "../../src/lib/tls/credentials.ts";
import { operatorApiListen, type OperatorApiListener } from "../../src/operator-api/listener/listener.ts";
import { testDependencies, testToken, type TestDependencies } from "../../src/operator-api/testing/operator-api.ts";
import { connect as databaseConnect } from "../../src/database/connect.ts";
import { embeddedStart, type EmbeddedPostgres } from "../../src/database/embedded/embedded.ts";
import { migrate } from "../../src/database/migrate.ts";
import { silent } from "../support/fleet.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";

const run = promisify(execFile);
let directory: string;
let postgres: EmbeddedPostgres;
let dependencies: TestDependencies;
let listener: OperatorApiListener;
let tunnel: Server;
/** The tunnel's end on this side. */
let url: string;
let browser: Browser;
const at = (name: string): string => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-console-tls-"));
  postgres = await embeddedStart({ directory: at("postgres"), log: silent, settings: { fsync: "off" } });
  await using database = databaseConnect(postgres.connection, { log: silent });
  await migrate(database.pool);
  dependencies = testDependencies(postgres.connection);
  const files = await tlsFilesEnsure({ directory: at("tls"), serverNames: [] });
  await writeFile(at("ca.pem"), files.caCertificatePem);
  await writeFile(at("token"), `${testToken}\n`, { mode: 0o600 });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  const ca = ["-keyout", at("op-ca.key"), "-out", at("op-ca.pem"), "-subj", "/CN=Operators CA"];
  await run("openssl", ["req", "-x509", ...curve, ...ca, "-addext", "basicConstraints=critical,CA:TRUE"]);
  await run("openssl", [
    ...["req", "-x509", ...curve, "-keyout", at("dora.key"), "-out", at("dora.pem"), "-subj", "/OU=viewer/CN=dora"],
    ...["-addext", "basicConstraints=CA:FALSE", "-CA", at("op-ca.pem"), "-CAkey", at("op-ca.key")],
  ]);
  listener = await operatorApiListen({
    ...dependencies,
    address: { host: "0.0.0.0", port: 0 },
    probes: { ready: async () => ({ ready: true }), metrics: async () => "" },
    tls: {
      certificatePem: files.serverCertificatePem,
      keyPem: files.serverKeyPem,
      clientCaPem: await readFile(at("op-ca.pem"), "utf8"),
    },
  });
  // As `ssh -L` does: bytes to and from another port of this host.
  tunnel = createServer((near) => {
    const far = connect(listener.address.port, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("error", () => to.destroy()).pipe(to);
    }
  });
  await once(tunnel.listen(0, "127.0.0.1"), "listening");
  const address = tunnel.address();
  url = `https://localhost:${typeof address === "object" && address !== null ? address.port : 0}`;
  if (browserMissing === undefined) {
    browser = await browserStart();
  }
});
afterAll(async () => {
  await browserRest(browser);
  tunnel?.close();
  for (const one of [listener, dependencies, postgres]) {
    await one?.[Symbol.asyncDispose]();
  }
  await rm(directory, { recursive: true });
});

test("farrier console with a context opens a link through the tunnel, whose cookie is this host's alone", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const env = { HOME: directory, XDG_RUNTIME_DIR: directory, BROWSER: `${at("browser")} ${at("seen")}` };
  await writeFile(at("browser"), '#!/bin/sh\ncp "$2" "$1"\n', { mode: 0o755 });
  const flags = ["--url", url, "--ca", at("ca.pem"), "--token-file", at("token"), "--use"];
  expect(await farrier(["context", "add", "lab", ...flags], env)).toMatchObject({ status: 0 });
  expect(await farrier(["console"], env)).toMatchObject({
    status: 0,
    stdout: `${url}/console/ opens in the browser\n`,
  });
  await using window = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await window.newPage();
  // The file itself, as the browser is given it.
  await page.setContent(await readFile(at("seen"), "utf8"));
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  expect(page.url()).toBe(`${url}/console/`);
  const [cookie] = await window.cookies(url);
  expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: "Strict", path: "/", domain: "localhost" });
  expect(cookie?.name).toMatch(/^__Host-farrier-/u);
});

test("a browser with a client certificate needs no link; a call without the console's header gets nothing by it", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await browser.newContext({
    ignoreHTTPSErrors: true,
    clientCertificates: [{ origin: url, certPath: at("dora.pem"), keyPath: at("dora.key") }],
  });
  const page = await window.newPage();
  await page.goto(`${url}/console/access`);
  await page.getByText("signed in by a client certificate").waitFor();
  await page.getByText("dora").first().waitFor();
  const by = await page.request.get(`${url}/metrics`, { headers: { "sec-fetch-site": "cross-site" } });
  expect(by.status()).toBe(403);
  const statuses = await page.evaluate(async () => {
    const path = "/farrier.operator.v1.AccessService/WhoAmI";
    const headers = { "content-type": "application/json" };
    const without = await fetch(path, { method: "POST", headers, body: "{}" });
    const withKey = await fetch(path, {
      method: "POST",
      headers: { ...headers, "farrier-console-key": "certificate" },
      body: "{}",
    });
    return [without.status, withKey.status];
  });
  expect(statuses).toEqual([403, 200]);
});
