import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AgentInit } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import { AgentInitSchema } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import { ed25519KeyPair } from "../../lib/tls/ed25519.ts";
import { authorityIssue, keyMake } from "../../lib/tls/issue.ts";
import { agentInitRead, initFileWrite } from "./init-file.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "init-"));
  path = join(folder, "agent.json");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const makeInit = (): AgentInit =>
  create(AgentInitSchema, {
    takeoverInit: {
      machineId: randomUUID(),
      bmaasEndpoint: "127.0.0.1:8443",
      caCertificate: Uint8Array.from(authorityIssue(keyMake()).raw),
    },
    privateKey: ed25519KeyPair().privateKey,
  });

describe("the init file", () => {
  test("what is written is read, for the owner alone, and not overwritten unasked", async () => {
    const init = makeInit();
    await initFileWrite(path, init);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await agentInitRead(path)).toEqual(init);
    await expect(initFileWrite(path, makeInit())).rejects.toThrow(/is there already/u);
    expect(await agentInitRead(path)).toEqual(init);
    const other = makeInit();
    await initFileWrite(path, other, { overwrite: true });
    expect(await agentInitRead(path)).toEqual(other);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["agent.json"]);
  });

  test("a file of a newer version is read as far as it is known", async () => {
    const init = makeInit();
    await initFileWrite(path, init);
    const json = { ...(JSON.parse(await readFile(path, "utf8")) as object), comesLater: { a: 1 } };
    await writeFile(path, JSON.stringify(json));
    expect(await agentInitRead(path)).toEqual(init);
  });

  test("others may not read it", async () => {
    await initFileWrite(path, makeInit());
    await chmod(path, 0o640);
    await expect(agentInitRead(path)).rejects.toThrow(/mode 640, expected 600\): chmod 600/u);
  });

  test.each<[string, (init: AgentInit) => void, RegExp]>([
    ["no takeover", (init) => void delete init.takeoverInit, /takeoverInit is missing/u],
    [
      "no UUID",
      (init) => void (init.takeoverInit = { ...takeover(init), machineId: "5" }),
      /machineId is "5", expected a UUID/u,
    ],
    [
      "no port",
      (init) => void (init.takeoverInit = { ...takeover(init), bmaasEndpoint: "host" }),
      /"host" is not an address/u,
    ],
    ["port 0", (init) => void (init.takeoverInit = { ...takeover(init), bmaasEndpoint: "host:0" }), /port 0/u],
    ["no host", (init) => void (init.takeoverInit = { ...takeover(init), bmaasEndpoint: ":80" }), /names no host/u],
    [
      "a short key",
      (init) => void (init.privateKey = new Uint8Array(32)),
      /privateKey: .*has 64 bytes, this one has 32/u,
    ],
    ["a mixed key", (init) => void (init.privateKey = new Uint8Array(64)), /privateKey: .*second half/u],
  ])("%s is refused, written or read", async (_name, spoil, expected) => {
    const init = makeInit();
    await initFileWrite(path, init);
    const text = await readFile(path, "utf8");
    spoil(init);
    await expect(initFileWrite(path, init, { overwrite: true })).rejects.toThrow(
      expect.objectContaining({ code: "init_invalid" }),
    );
    const parsed = JSON.parse(text) as Record<string, unknown>;
    const { takeoverInit, privateKey } = init;
    const spoilt = {
      ...parsed,
      takeoverInit: takeoverInit && { machineId: takeoverInit.machineId, bmaasEndpoint: takeoverInit.bmaasEndpoint },
      privateKey: Buffer.from(privateKey).toString("base64"),
    };
    await writeFile(path, JSON.stringify(spoilt));
    const error: unknown = await agentInitRead(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "init_invalid" });
    expect(String(error)).toMatch(expected);
    expect(String(error)).toContain(path);
  });

  test.each(["", "{", "[]", '{"privateKey": 5}', '{"privateKey": "SECRET!!"}'])(
    "%j is no init file, and what it says is not repeated",
    async (text) => {
      await writeFile(path, text, { mode: 0o600 });
      const error: unknown = await agentInitRead(path).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "init_invalid" });
      expect(String(error)).not.toContain("SECRET");
    },
  );

  test.each([
    ["three bytes", () => Buffer.from([1, 2, 3])],
    ["PEM", () => Buffer.from(authorityIssue(keyMake()).toString())],
    ["half a certificate", () => authorityIssue(keyMake()).raw.subarray(0, 100)],
  ])("X11: %s in place of the CA's DER is refused", async (_what, bytes) => {
    const init = makeInit();
    await initFileWrite(path, init);
    const text = await readFile(path, "utf8");
    const { takeoverInit, ...rest } = JSON.parse(text) as { takeoverInit: object };
    const caCertificate = bytes().toString("base64");
    await writeFile(path, JSON.stringify({ ...rest, takeoverInit: { ...takeoverInit, caCertificate } }));
    await expect(agentInitRead(path)).rejects.toThrow(/caCertificate is no certificate: expected its DER in base64/u);
  });

  test("X11: a directory, or a path through a file, is told as that", async () => {
    await expect(agentInitRead(folder)).rejects.toThrow(
      /is no file: expected an init file, `farrier agent init --help`/u,
    );
    await writeFile(path, "");
    await expect(agentInitRead(join(path, "below"))).rejects.toThrow(/\(ENOTDIR\): a part of the path is not/u);
    await expect(initFileWrite(join(path, "below"), makeInit())).rejects.toThrow(/can't be written \(ENOTDIR\)/u);
  });

  test("a missing file's error says how to make it", async () => {
    await expect(agentInitRead(path)).rejects.toThrow(/farrier agent init/u);
  });
});

function takeover({ takeoverInit }: AgentInit): NonNullable<AgentInit["takeoverInit"]> {
  if (takeoverInit === undefined) {
    throw new Error("the init message has no takeoverInit");
  }
  return takeoverInit;
}
