import { chmod, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { testDatabase, type TestDatabase } from "../../test/support/database.ts";
import { AgentInitSchema, type AgentInit } from "../../gen/cloud/agent/api/takeover_pb.ts";
import { ed25519KeyPair, ed25519PrivateKeyObject } from "../lib/tls/ed25519.ts";
import { controlPlaneStart, type Finished, type TestControlPlane } from "./testing/processes.ts";

// Each command is a process of its own.
vi.setConfig({ testTimeout: 300_000 });

let directory: string;
let database: TestDatabase;
let plane: TestControlPlane;
let machine: string;
let out: string;
let added = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-agent-init-"));
  database = await testDatabase({ leaks: "ignore" });
  plane = await controlPlaneStart(directory, database.url);
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});
beforeEach(async () => {
  added += 1;
  const id = `m${added}`;
  const { stdout } = await plane.run("machine", "add", "--provider", "static", "--provider-id", id, "--name", id);
  machine = stdout.trim();
  out = join(directory, `${id}.json`);
});

const init = (...more: string[]): Promise<Finished> => plane.run("agent", "init", machine, "--out", out, ...more);
const read = async (path: string): Promise<AgentInit> => fromJsonString(AgentInitSchema, await readFile(path, "utf8"));
const registered = async (): Promise<string | undefined> => {
  const { stdout } = await plane.run("machine", "show", machine, "--json");
  const shown = JSON.parse(stdout) as { machine: { agent?: { publicKey: string } } };
  return shown.machine.agent?.publicKey;
};
const publicKey = ({ privateKey }: AgentInit): string => Buffer.from(privateKey.subarray(32)).toString("base64");
const leftovers = async (): Promise<string[]> =>
  (await readdir(directory)).filter((file) => /\.(?:partial|complete)$/u.test(file));

test("writes a whole init file for this user alone, and registers its public key only", async () => {
  const { status, stdout } = await init();
  expect([status, stdout]).toEqual([0, expect.stringMatching(/agent of m\d+, key [0-9a-f]{64}, calls 127\.0\.0\.1:/u)]);
  const file = await read(out);
  expect((await stat(out)).mode & 0o777).toBe(0o600);
  expect(file.takeoverInit?.machineId).toBe(machine);
  expect(file.takeoverInit?.caCertificate.length).toBeGreaterThan(100);
  expect(() => ed25519PrivateKeyObject(file.privateKey)).not.toThrow();
  expect(await registered()).toBe(publicKey(file));
  expect(await leftovers()).toEqual([]);
  expect(stdout).not.toContain(Buffer.from(file.privateKey.subarray(0, 32)).toString("hex"));
});

test("--endpoint goes into the file as it is, --json tells the same", async () => {
  const { stdout } = await init("--endpoint", "farrier.example.org:443", "--json");
  const file = await read(out);
  expect(file.takeoverInit?.bmaasEndpoint).toBe("farrier.example.org:443");
  expect(JSON.parse(stdout)).toEqual({
    machineId: machine,
    file: out,
    endpoint: "farrier.example.org:443",
    publicKey: Buffer.from(file.privateKey.subarray(32)).toString("hex"),
  });
});

test("a second one needs --replace, which then writes over this machine's own file", async () => {
  await init();
  const before = await readFile(out, "utf8");
  const again = await init();
  expect([again.status, again.stderr]).toEqual([1, expect.stringMatching(/is an init file of this machine already/u)]);
  const elsewhere = await plane.run("agent", "init", machine, "--out", `${out}.other`);
  expect([elsewhere.status, elsewhere.stderr]).toEqual([1, expect.stringMatching(/has an agent already.*--replace/u)]);
  expect(await readFile(out, "utf8")).toBe(before);
  expect(await leftovers()).toEqual([]);
  expect((await init("--replace")).status).toBe(0);
  expect(await readFile(out, "utf8")).not.toBe(before);
  expect(await registered()).toBe(publicKey(await read(out)));
});

test("any other file is never overwritten", async () => {
  for (const text of ["precious", "{}", toJsonString(AgentInitSchema, await otherMachines())]) {
    await writeFile(out, text);
    const { status, stderr } = await init("--replace");
    expect([status, stderr]).toEqual([1, expect.stringMatching(/exists and is not an init file of this machine/u)]);
    expect(await readFile(out, "utf8")).toBe(text);
  }
  expect(await registered()).toBeUndefined();
});

async function otherMachines(): Promise<AgentInit> {
  const machineId = "00000000-0000-4000-8000-000000000000";
  return create(AgentInitSchema, { takeoverInit: { machineId }, privateKey: ed25519KeyPair().privateKey });
}

test("where nothing can be written, nothing is registered", async () => {
  const { status, stderr } = await plane.run("agent", "init", machine, "--out", join(directory, "none", "x.json"));
  expect([status, stderr]).toEqual([1, expect.stringMatching(/its directory does not exist: make it first/u)]);
  expect(await registered()).toBeUndefined();
});

test("a try that was killed, before its key was registered or after, is finished by the same command", async () => {
  const { privateKey } = ed25519KeyPair();
  const partial = create(AgentInitSchema, { takeoverInit: { machineId: machine }, privateKey });
  await writeFile(`${out}.partial`, toJsonString(AgentInitSchema, partial), { mode: 0o600 });
  expect((await init()).status).toBe(0);
  expect((await read(out)).privateKey).toEqual(partial.privateKey);
  // As if it had been killed between the registration and the file's coming into its place.
  await rm(out);
  await writeFile(`${out}.partial`, toJsonString(AgentInitSchema, partial), { mode: 0o600 });
  expect((await init()).status).toBe(0);
  expect((await read(out)).privateKey).toEqual(partial.privateKey);
  expect(await registered()).toBe(publicKey(partial));
  expect(await leftovers()).toEqual([]);
});

test("A13: a key that somebody else may have put there is not registered", async () => {
  const { privateKey } = ed25519KeyPair();
  const planted = toJsonString(
    AgentInitSchema,
    create(AgentInitSchema, { takeoverInit: { machineId: machine }, privateKey }),
  );
  await writeFile(`${out}.partial`, planted);
  await chmod(`${out}.partial`, 0o666);
  const open = await init();
  expect([open.status, open.stderr]).toEqual([1, expect.stringMatching(/so its key may be known to them: remove it/u)]);
  await rm(`${out}.partial`);
  await writeFile(join(directory, "elsewhere"), planted, { mode: 0o600 });
  await symlink(join(directory, "elsewhere"), `${out}.partial`);
  expect((await init()).status).toBe(1);
  expect(await registered()).toBeUndefined();
  await rm(`${out}.partial`);
  expect((await init()).status).toBe(0);
});

test("a control plane that is away leaves the machine and the files as they are", async () => {
  await plane.restart(async () => {
    const { status } = await init();
    expect(status).toBe(3);
  });
  expect(await registered()).toBeUndefined();
  expect((await init()).status).toBe(0);
});
