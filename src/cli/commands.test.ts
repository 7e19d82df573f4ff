import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { testDatabase, type TestDatabase } from "../../test/support/database.ts";
import { controlPlaneStart, farrier, type Finished, type TestControlPlane } from "./testing/processes.ts";

// Many processes on few cores: most of a test is waiting for them to start.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let directory: string;
let database: TestDatabase;
let plane: TestControlPlane;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-cli-"));
  database = await testDatabase({ leaks: "ignore" });
  plane = await controlPlaneStart(directory, database.url);
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** Every failure is one line on standard error, beginning with the program's name, without a stack trace. */
function expectFailure(finished: Finished, status: number, message: RegExp): void {
  expect(finished).toEqual({ status, stdout: "", stderr: expect.stringMatching(/^farrier: [^\n]+\n$/u) as string });
  expect(finished.stderr).toMatch(message);
}

const digest = `sha256:${"0".repeat(64)}`;
const image = ["--image", "http://127.0.0.1:1/image", "--digest", digest, "--disk", "serial=disk1"];
let added = 0;

async function add(...more: string[]): Promise<string> {
  added += 1;
  const { status, stdout, stderr } = await plane.run(
    ...["machine", "add", "--provider", "static", "--provider-id", `m${added}`, ...more],
  );
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^[0-9a-f-]{36}\n$/u);
  return stdout.trim();
}

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await plane.run(...args, "--json");
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("without a control plane", () => {
  test("--version is the package's", async () => {
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect(await farrier(["--version"])).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("--help documents the exit status", async () => {
    const { status, stdout } = await farrier(["--help"]);
    expect(status).toBe(0);
    for (const line of [/^ {2}0 {2}done$/mu, /^ {2}1 {2}/mu, /^ {2}2 {2}/mu, /^ {2}3 {2}/mu, /^ {2}4 {2}/mu]) {
      expect(stdout).toMatch(line);
    }
  });

  test.each<[string[], RegExp]>([
    [["machine", "list", "--jsn"], /there is no flag --jsn; did you mean --json\?/u],
    [["up", "--datadir", "x"], /there is no flag --datadir; did you mean --data-dir\?/u],
    [["machin", "list"], /there is no command "machin"; did you mean machine\?/u],
    [["machine", "lst"], /there is no command "lst"; did you mean list\?/u],
    [["machine", "show"], /ID is missing/u],
    [["machine", "show", "a", "b"], /unexpected argument "b"/u],
    [["machine", "add", "--provider", "x"], /--provider-id is missing/u],
    [["machine", "list", "--limit", "0"], /--limit: "0" is out of range: expected a whole number from 1/u],
    [["machine", "cancel", "x", "--generation", "-1"], /--generation: "-1" is not a generation/u],
    [["machine", "cancel", "x", "--request-id", "1"], /--request-id: "1" is not a request id/u],
    [["up", "--agents", "8443"], /--agents: "8443" is not an address: expected HOST:PORT/u],
    [["server"], /no database is named: give --database-url/u],
    [["server", "--database-url", "x", "--tls-key", "k"], /--tls-cert, --tls-key and --tls-ca go together/u],
    [["server", "--database-url", "x", "--workers", "2", "--agents", ":0"], /--agents has port 0, but 2 workers/u],
    [["agent", "init", "x"], /--out is missing/u],
    [["machine", "install", "x", ...image, "--label", "a=b"], /both by name and by --label: use one/u],
    [["machine", "install", "--label", "a=b", ...image, "--request-id", randomUUID()], /without --label/u],
    [["machine", "install", ...image], /no machine is named/u],
    [["machine", "install", "x", ...image, "--size", "big"], /--size: "big" is not a size/u],
    [["machine", "install", "x", ...image, "--compression", "lz4"], /--compression: "lz4" is not one of auto, none/u],
    [
      ["machine", "install", "x", ...image, "--user-data", "/nowhere"],
      /--user-data \/nowhere can't be read \(ENOENT\)/u,
    ],
    [["machine", "install", "x", ...image, "--signature", "/x"], /--signature needs the key that verifies it/u],
    [["machine", "install", "x", ...image, "--minisign-key", "a", "--cosign-key", "b"], /exclude each other/u],
    [
      ["machine", "install", "x", ...image.slice(0, 3), "sha256:ab", ...image.slice(4)],
      /--digest "sha256:ab": expected/u,
    ],
    [["machine", "install", "x", ...image.slice(0, 5), "sda"], /--disk "sda": "sda" is not a condition/u],
    [
      ["machine", "install", "x", "--image", "x", ...image.slice(2)],
      /--image "x": expected an http, https or oci URL/u,
    ],
    [["machine", "list", "--operators", "http://192.0.2.1:8080"], /in clear text/u],
  ])("%j is a usage error", async (args, message) => {
    expectFailure(await farrier(args, { FARRIER_DATA_DIR: directory }), 2, message);
  });

  test("errors distinguish an unknown control plane, an unreachable one and a server that is not Farrier", async () => {
    const nothing = await farrier(["machine", "list", "--data-dir", directory]);
    expectFailure(nothing, 3, /names no control plane: start one with `farrier up`/u);
    await using server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const rude = await plane.run("machine", "list", "--operators", `127.0.0.1:${port}`);
    expectFailure(rude, 3, /can't be reached/u);
    await server[Symbol.asyncDispose]();
    const away = await plane.run("machine", "list", "--operators", `127.0.0.1:${port}`);
    expectFailure(
      away,
      3,
      new RegExp(`control plane at http://127.0.0.1:${port} can't be reached \\(ECONNREFUSED\\)`, "u"),
    );
  });
});

describe("the token", () => {
  test("missing, wrong or broken ends with 4", async () => {
    const env = { FARRIER_OPERATORS: plane.operators, FARRIER_DATA_DIR: directory };
    expectFailure(await farrier(["machine", "list"], env), 4, /there is no token at .*operator-token/u);
    await writeFile(join(directory, "operator-token"), `frr_${"x".repeat(43)}\n`);
    expectFailure(
      await farrier(["machine", "list"], env),
      4,
      /not authorised: http:\/\/127.0.0.1:\d+ does not accept what .*operator-token holds/u,
    );
    await writeFile(join(directory, "operator-token"), "\u0000\n");
    expectFailure(await farrier(["machine", "list"], env), 4, /holds no token/u);
    await rm(join(directory, "operator-token"));
  });

  test("is never printed, not even with --debug", async () => {
    const token = (await readFile(join(plane.dataDir, "operator-token"), "utf8")).trim();
    const { stdout, stderr } = await plane.run("machine", "show", "nobody", "--debug");
    expect(stderr).toMatch(/\n {4}at /u);
    expect(stdout + stderr).not.toContain(token);
  });
});

describe("machine add, list, show, history", () => {
  test("go from one to the other", async () => {
    const id = await add("--name", "web1", "--label", "rack=b1", "--label", "role=web", "--address", "10.0.0.1");
    const show = await plane.run("machine", "show", "web1");
    expect(show.status).toBe(0);
    expect(show.stdout).toMatch(new RegExp(`^id +${id}\nname +web1\nlabels +rack=b1, role=web\n`, "u"));
    const list = await plane.run("machine", "list", "--label", "rack=b1", "--label", "role=web");
    expect(list.stdout.split("\n")[1]).toMatch(new RegExp(`^${id}  web1 `, "u"));
    const history = await plane.run("machine", "history", id);
    expect(history.stdout).toMatch(
      /^AT +EVENT +GENERATION +BY +DETAIL\n\S+Z \(\d+ s ago\) +machine_added +- +operator/u,
    );
    expect(await json("machine", "show", id)).toMatchObject({ machine: { id, labels: { rack: "b1" } } });
    expect(await json("machine", "list", "--label", "rack=b1")).toMatchObject({ machines: [{ id }] });
    expect(await json("machine", "history", id)).toMatchObject({ entries: [{ event: "machine_added" }] });
  });

  test("what is refused says why", async () => {
    await add("--name", "twin");
    const again = ["machine", "add", "--provider", "static", "--provider-id", "twin", "--name", "twin"];
    expectFailure(await plane.run(...again), 1, /the name "twin" is taken/u);
    expectFailure(await plane.run("machine", "show", "nobody"), 1, /there is no machine "nobody"/u);
    expectFailure(await plane.run("machine", "show", randomUUID()), 1, /there is no machine/u);
    expectFailure(
      await plane.run("machine", "show", "not-a-uuid!"),
      2,
      /machine "not-a-uuid!": expected a machine's UUID or its name/u,
    );
    expectFailure(await plane.run("machine", "list", "--label", "A=b"), 2, /--label: expected keys/u);
    expectFailure(await plane.run("machine", "list", "--label", "a"), 2, /expected KEY=VALUE/u);
    const none = await plane.run("machine", "list", "--label", "none=x");
    expect(none).toEqual({ status: 0, stdout: "", stderr: "no such machines\n" });
  });

  test("a request id repeats an add", async () => {
    const args = ["machine", "add", "--provider", "static", "--provider-id", "again", "--request-id", randomUUID()];
    const [one, two] = [await plane.run(...args), await plane.run(...args)];
    expect(two).toEqual(one);
    expect(two.status).toBe(0);
  });
});

describe("machine install and cancel", () => {
  test("the request id that was printed repeats the command for the ids that were printed", async () => {
    const label = `fleet=${randomUUID()}`;
    const ids = [await add("--label", label), await add("--label", label)].toSorted();
    const first = await plane.run("machine", "install", "--label", label, ...image);
    expect([first.status, first.stderr]).toEqual([0, ""]);
    const match = /^request (?<requestId>\S+) for (?<ids>[^\n]+)\n/u.exec(first.stdout);
    const requestId = match?.groups?.["requestId"] ?? "";
    expect(match?.groups?.["ids"]?.split(" ")).toEqual(ids);
    const again = await plane.run("machine", "install", ...ids, ...image, "--request-id", requestId);
    expect(again).toEqual({
      ...first,
      stdout: expect.stringMatching(/generation 1 requested\n.*generation 1 requested/u) as string,
    });
    const other = await plane.run("machine", "install", ...ids, ...image, "--size", "1G", "--request-id", requestId);
    expect([other.status, other.stderr]).toEqual([1, expect.stringMatching(/make a new request id/u)]);
    const others = await json("machine", "install", ...ids, ...image);
    expect(others).toMatchObject({ installations: [{ machineId: ids[0], result: "refused" }, { result: "refused" }] });
    for (const id of ids) {
      expect(await json("machine", "show", id)).toMatchObject({ machine: { lastGeneration: "1" } });
    }
  });

  test("all machines are found before anything is asked of any", async () => {
    const id = await add();
    const { status, stderr } = await plane.run("machine", "install", id, "nobody", ...image);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/there is no machine "nobody"/u)]);
    const none = await plane.run("machine", "install", "--label", "none=x", ...image);
    expectFailure(none, 1, /no machine has the labels none=x/u);
    expect(await json("machine", "show", id)).not.toHaveProperty("machine.lastGeneration");
  });

  test("a pending one is in the way, until it is replaced or cancelled", async () => {
    const id = await add();
    await plane.run("machine", "install", id, ...image);
    const refused = await plane.run("machine", "install", id, ...image);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/generation 1 is pending/u)]);
    const replaced = await plane.run("machine", "install", id, ...image, "--replace");
    expect([replaced.status, replaced.stdout]).toEqual([0, expect.stringMatching(/generation 2 requested/u)]);
    expectFailure(await plane.run("machine", "cancel", id, "--generation", "1"), 1, /generation 2 is pending/u);
    const requestId = randomUUID();
    const cancelled = await plane.run("machine", "cancel", id, "--generation", "2", "--request-id", requestId);
    expect(cancelled).toEqual({ status: 0, stdout: `${id} generation 2 cancelled\n`, stderr: "" });
    expect(await plane.run("machine", "cancel", id, "--generation", "2", "--request-id", requestId)).toEqual(cancelled);
    expectFailure(await plane.run("machine", "cancel", id), 1, /nothing is pending/u);
    const { stdout } = await plane.run("machine", "show", id);
    expect(stdout).toMatch(/request +generation 2, cancelled,/u);
  });
});
