// `farrier up --providers`, as an operator uses it: an inventory that changes, a file of providers that breaks, power by a program.
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { farrierServe, farrierStart, type Ran, type ServingFarrier } from "../support/farrier-process.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let folder: string;
let up: ServingFarrier;
const file = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
const providers = (type = "inventory"): string => `providers:
  - {name: rack-a, type: ${type}, file: rack.csv}
  - name: pdu
    type: command
    on: [${join(folder, "pdu")}, "on", "{id}"]
    off: [${join(folder, "pdu")}, "off", "{id}"]
    status: [${join(folder, "pdu")}, status, "{id}"]
`;
const rack = (...numbers: number[]): string => `name,serial\n${numbers.map((n) => `web${n},S${n}\n`).join("")}`;
const farrier = (...args: string[]): Promise<Ran> => farrierStart([...args, "--data-dir", join(folder, "data")]).ended;
const says = (words: string, ...args: string[]): Promise<unknown> =>
  waitFor(`"${words}"`, async () => {
    const { stdout, stderr } = await farrier(...args);
    return `${stdout}${stderr}`.includes(words);
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-providers-"));
  await file(
    "pdu",
    `#!/bin/sh\ncase $1 in status) cat ${folder}/state-$2 2>/dev/null || echo off;; *) echo $1 > ${folder}/state-$2;; esac\n`,
  );
  await chmod(join(folder, "pdu"), 0o755);
  await file("rack.csv", rack(1, 2, 3, 4));
  await file("providers.yaml", providers());
  const ports = ["--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0", "--netboot", "off"];
  up = await farrierServe([
    "up",
    "--data-dir",
    join(folder, "data"),
    "--providers",
    join(folder, "providers.yaml"),
    ...ports,
  ]);
});
afterAll(async () => {
  await up.end("SIGTERM");
  await rm(folder, { recursive: true });
});

test("a file that is not in order at the start ends the process with every line that is wrong", async () => {
  await file("broken.yaml", "providers:\n  - {name: a, type: inventroy}\n  - {name: B, type: static}\n");
  const ports = ["--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0", "--netboot", "off"];
  const flags = ["--data-dir", join(folder, "other"), "--providers", join(folder, "broken.yaml")];
  const { status, stderr } = await farrierStart(["up", ...flags, ...ports]).ended;
  expect(status).toBe(1);
  expect(stderr).toContain('broken.yaml:2:21: type "inventroy" is not known');
  expect(stderr).toContain("broken.yaml:3:12: name: expected a-z");
});

test("machines come, a list that lacks too many is not believed until it is accepted", async () => {
  await says("web4", "machine", "list");
  await file("rack.csv", rack(1));
  await says("3 of 4 machines are gone from its list at once", "provider", "list");
  expect((await farrier("provider", "show", "rack-a")).stdout).toMatch(
    /gone\? +web2 \(S2\)\n[^]*farrier provider accept rack-a/u,
  );
  expect((await farrier("machine", "explain", "web1")).stdout).toContain("the work of its provider rack-a stops since");
  expect((await farrier("provider", "accept", "rack-a")).stdout).toBe("rack-a: 3 machines are gone, 0 are others\n");
  await says("of which 3 are gone from its list", "provider", "show", "rack-a");
  expect(await farrier("provider", "accept", "rack-a")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("nothing to accept"),
  });
  expect((await farrier("audit", "list")).stdout).toContain("ProviderAccept");
});

test("a check says line by line what is wrong, and its status that something is", async () => {
  await file("rack.csv", `${rack(1)}web_5,S5\n`);
  const { status, stdout } = await farrier("provider", "check", "rack-a");
  expect(status).toBe(1);
  expect(stdout).toMatch(
    /^✓ \S+rack.csv can be read: 1 machine\n✗ line 3: name "web_5": expected [^\n]*\n {4}mend it in /u,
  );
  expect((await farrier("provider", "check", "nobody")).stderr).toContain('there is no provider "nobody"');
});

test("a version that is not in order is not taken; SIGHUP and a change have it read", async () => {
  await file("providers.yaml", providers("inventroy"));
  await says("providers.yaml:2:26: type", "provider", "list");
  expect((await farrier("provider", "show", "rack-a")).stdout).toContain("inventory");
  await file("providers.yaml", `${providers()}  - {name: more, type: static}\n`);
  process.kill(up.pid, "SIGHUP");
  await says("more", "provider", "list");
  expect((await farrier("provider", "list")).stderr).not.toContain("not in order");
});

test("a machine is switched by the program", async () => {
  expect((await farrier("machine", "add", "--provider", "pdu", "--provider-id", "7", "--name", "box7")).status).toBe(0);
  expect((await farrier("machine", "power", "box7", "on")).stdout).toContain("on");
  expect((await farrier("machine", "power", "box7", "status")).stdout).toContain("on");
});
