import { randomBytes, randomUUID } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { InstallationState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { checkStory } from "../support/check-story.ts";
import type { FarrierProcess, Ran, ServingFarrier } from "../support/farrier-process.ts";
import { digestOf } from "../support/image-server.ts";
import { diskMake, lab, type Lab, type LabMachine, must } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

// Many processes on few cores: most of a test is waiting for them to start.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const bytes = randomBytes(6 << 20);
const digest = digestOf(bytes);
const nobody = "00000000-0000-4000-8000-000000000000";

let place: Lab;
let up: ServingFarrier;
let machine: LabMachine;
let agent: FarrierProcess;

beforeAll(async () => {
  place = await lab();
  up = await place.up();
  machine = await place.machine("box");
  await must(place.cli("machine", "add", "--provider", "static", "--provider-id", "taken"));
  // There before the agent looks, so that the hardware report has them.
  await diskMake(join(machine.diskFolder, "twin"), 16 << 20);
  await diskMake(join(machine.diskFolder, "small"), 4096);
  agent = machine.agent({ fetchTries: 2 });
  await waitFor("a heartbeat", async () => (await machine.show()).agent?.heartbeatAt);
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
});

/** All that is recorded of machines, without the agent's last heartbeat and the time of the answer. */
async function recorded(): Promise<string> {
  const { machines } = await place.client();
  const list = await machines.machineList({});
  delete list.at;
  list.machines.forEach(({ agent: one }) => one && delete one.heartbeatAt);
  const { entries } = await machines.machineHistory({ machine: "box" });
  return inspect([list, entries], { depth: null, maxArrayLength: null });
}

/** A line for each thing that is wrong on standard error, and nothing on standard output. */
function expectRefusal(ran: Ran, status: number, message: RegExp): void {
  expect(ran).toMatchObject({ status, stdout: "" });
  expect(ran.stderr).toMatch(/^(?:farrier: [^\n]+\n)+$/u);
  expect(ran.stderr).toMatch(message);
}

const install = (...flags: string[]): string[] => ["machine", "install", "box", ...flags];
const image = ["--image", "http://127.0.0.1:1/image", "--digest", digest, "--disk", "serial=disk0"];

describe("a command", () => {
  // Documented by `farrier --help`: 1 refused or failed, 2 the command line is wrong.
  test.each<[what: string, status: number, args: string[], message: RegExp]>([
    ["no such command", 2, ["machine", "lits"], /no command "lits"; did you mean list\?; see --help/u],
    ["an unknown flag", 2, ["machine", "list", "--limt", "5"], /no flag --limt; did you mean --limit\?; see --help/u],
    ["a flag without its value", 2, install(...image, "--size"), /--size|size/u],
    [
      "a flag left out",
      2,
      install("--image", "http://127.0.0.1:1/image"),
      /--digest and --disk are missing: expected .* --profile; see --help/u,
    ],
    ["no machine", 2, ["machine", "show"], /ID is missing; see --help/u],
    ["what is no UUID, and no name", 1, ["machine", "show", "12345-678"], /no machine "12345-678": .*machine list/u],
    ["a UUID of nobody", 1, ["machine", "history", nobody], new RegExp(`no machine "${nobody}"`, "u")],
    ["a bad request id", 2, install(...image, "--request-id", "5"), /"5" is not a request id: expected the UUID/u],
    ["a bad generation", 2, ["machine", "cancel", "box", "--generation", "0"], /"0" is not a generation: expected/u],
    ["a bad digest", 2, install(...image.with(3, "sha256:12")), /--digest "sha256:12": expected sha256: and 64/u],
    ["a bad URL", 2, install(...image.with(1, "ftp://host/image")), /--image "ftp:\/\/host\/image": expected an http/u],
    [
      "a bad selector",
      2,
      install(...image.with(5, "disk0")),
      /--disk "disk0": .* is not a condition: expected serial=/u,
    ],
    ["a bad name", 2, ["machine", "add", "--provider", "static", "--provider-id", "a", "--name", "A_b"], /name/u],
    ["a taken provider id", 1, ["machine", "add", "--provider", "static", "--provider-id", "taken"], /taken/u],
    ["a taken name", 1, ["machine", "add", "--provider", "static", "--provider-id", "b", "--name", "box"], /taken/u],
    ["nothing to cancel", 1, ["machine", "cancel", "box"], /nothing is pending on this machine/u],
    ["a label of no machine", 1, ["machine", "install", "--label", "a=b", ...image], /no machine has the labels a=b/u],
    [
      "user data that is not there",
      2,
      install(...image, "--user-data", "nowhere"),
      /--user-data nowhere can't be read/u,
    ],
    ["an address that is none", 2, ["up", "--agents", "8443"], /"8443" is not an address: expected HOST:PORT/u],
    ["a second agent", 1, ["agent", "init", "box", "--out", "second.json"], /has an agent already .*--replace/u],
    [
      "a database's URL that is none",
      2,
      ["migrate", "--database-url", "farrier"],
      /URL can't be read: expected one such as/u,
    ],
    ["a database that is away", 3, ["migrate", "--database-url", "postgresql://127.0.0.1:1/f"], /ECONNREFUSED.*start/u],
  ])("with %s is refused, and records nothing", async (_what, status, args, message) => {
    const before = await recorded();
    expectRefusal(await place.cli(...args), status, message);
    expect(await recorded()).toBe(before);
  });

  test("with a wrong token is refused; so it is without one, and where nobody listens", async () => {
    const other = join(place.folder, "other");
    await mkdir(other);
    const at = ["--data-dir", other, "--operators", up.operators];
    expectRefusal(
      await place.cli("machine", "list", ...at),
      4,
      /no token at .*operator-token: name the control plane's/u,
    );
    await writeFile(join(other, "operator-token"), `frr_${"x".repeat(43)}\n`, { mode: 0o600 });
    expectRefusal(await place.cli("machine", "list", ...at), 4, /not authorised/u);
    const away = ["--data-dir", other, "--operators", "http://127.0.0.1:1"];
    expectRefusal(await place.cli("machine", "list", ...away), 3, /can't be reached \(ECONNREFUSED\): start it/u);
    const nowhere = ["--data-dir", join(place.folder, "nowhere")];
    expectRefusal(await place.cli("machine", "list", ...nowhere), 3, /names no control plane: start one/u);
  });
});

describe("an image", () => {
  interface Bad {
    url?: () => string;
    digest?: string;
    disk?: string;
    /** The server refuses it, by the hardware report; an image's size it does not know. */
    foreseen?: boolean;
    error: RegExp;
    /** WRITING was acknowledged, and a byte may be on the disk. */
    written: boolean;
  }
  const bad: Record<string, Bad> = {
    "that is nowhere": {
      url: () => "http://127.0.0.1:1/image",
      error:
        /http:\/\/127\.0\.0\.1:1\/image cannot be fetched \(given up after 2 tries in a row\): nothing listens on 127\.0\.0\.1 port 1 \(ECONNREFUSED\)/u,
      written: false,
    },
    "that is not there (404)": {
      url: () => `${place.images.url}/nothing`,
      error: /answered 404 Not Found, expected 200/u,
      written: false,
    },
    "that is cut short": {
      url: () =>
        place.images.answer("truncated", (_request, response) => {
          response.writeHead(200, { "content-length": bytes.length });
          response.write(bytes.subarray(0, 5 << 20), () => response.destroy());
        }),
      error: /truncated.* (?:5242880|stopped|ended|cut)/u,
      written: true,
    },
    "that was altered": {
      url: () => place.images.serve("altered", Buffer.concat([bytes.subarray(1), Buffer.of(0)])).url,
      error: /has the digest sha256:[0-9a-f]{64} \(6291456 bytes\), expected sha256:.*altered or cut short/u,
      written: true,
    },
    "that is an HTML page": {
      url: () =>
        place.images.answer("page", (_request, response) => {
          response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Sorry</title>");
        }),
      error: /answered with an HTML page .*expected an image: open the address in a browser/u,
      written: false,
    },
    "that is an HTML page in disguise": {
      url: () => place.images.serve("disguised", Buffer.from("\n<!DOCTYPE html>\n<title>Sorry</title>")).url,
      error: /answered with an HTML page/u,
      written: false,
    },
    "that is empty": {
      url: () => place.images.serve("empty", Buffer.alloc(0)).url,
      error: /answered with an empty file, expected an image/u,
      written: false,
    },
    "for a disk that is too small": {
      url: () => place.images.serve("good", bytes).url,
      disk: "serial=small",
      error: /disk small has 4096 bytes, the image has 6291456 bytes: choose a larger disk/u,
      written: false,
    },
    "for a disk that is not there": {
      url: () => place.images.serve("good", bytes).url,
      disk: "serial=nothing",
      foreseen: true,
      error: /no disk matches serial=nothing\. Disks: disk0 \(16777216 bytes; serial=disk0 or name=disk0\); .*small/u,
      written: false,
    },
    "for two disks": {
      url: () => place.images.serve("good", bytes).url,
      disk: "min=1M",
      foreseen: true,
      error: /2 disks match min-bytes=1000000, expected exactly one\. Disks: disk0 .*; twin/u,
      written: false,
    },
  };

  test("that is good is installed first, so that there is something to lose", async () => {
    const good = place.images.serve("good", bytes);
    await must(machine.install(good, "--wait"));
    await checkStory(machine, new Map([[1n, bytes]]));
  });

  test.each(Object.entries(bad))("%s is told, with its cause; what was not touched stays", async (_name, one) => {
    const before = await machine.show();
    const command = [
      ...["machine", "install", "box", "--wait", "--image", one.url?.() ?? "", "--digest", one.digest ?? digest],
      ...["--disk", one.disk ?? "serial=disk0"],
    ];
    if (one.foreseen === true) {
      // The server refuses a selector by the hardware report; asked to leave that aside, it leaves it to the agent.
      const refused = await place.cli(...command);
      expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/box: --disk: .*Disks: /u)]);
      expect((await machine.show()).lastGeneration).toBe(before.lastGeneration);
      command.push("--ignore-hardware-report");
    }
    const { status, stderr } = await place.cli(...command);
    expect(status).toBe(1);
    expect(stderr).toMatch(/box: generation \d+ failed: /u);
    expect(stderr).toMatch(one.error);
    const after = await machine.show();
    expect(after.installation).toMatchObject({
      generation: (before.installation?.generation ?? 0n) + 1n,
      state: InstallationState.FAILED,
      error: expect.stringMatching(one.error),
    });
    expect(after.installed).toEqual(one.written ? undefined : before.installed);
    const head = (await machine.disk()).subarray(0, 512);
    expect(head.equals(after.installed === undefined ? Buffer.alloc(512) : bytes.subarray(0, 512))).toBe(true);
    expect(agent.running).toBe(true);
    if (one.written) {
      // Something to lose again.
      await must(machine.install(place.images.serve("good", bytes), "--wait"));
    }
  });

  test("and after all of that, the history has one result for each", async () => {
    const { installation } = await machine.show();
    const generation = installation?.generation ?? 0n;
    expect(generation).toBeGreaterThan(10n);
    const { installed } = await machine.show();
    await checkStory(machine, new Map([[installed?.generation ?? 0n, bytes]]));
  });
});

describe("an agent", () => {
  test("does not start without a good init file, and says what to do", async () => {
    const at = (name: string): string => join(place.folder, name);
    const run = async (name: string): Promise<Ran> => await place.cli("agent", "run", "--init", at(name));
    expectRefusal(
      await run("missing.json"),
      1,
      /no init file .*missing\.json: make one where .*`farrier agent init --help` says how/u,
    );
    await writeFile(at("garbage.json"), "not { json", { mode: 0o600 });
    expectRefusal(await run("garbage.json"), 1, /garbage\.json is not an AgentInit in protobuf JSON: it is not JSON/u);
    await writeFile(at("empty.json"), "{}", { mode: 0o600 });
    expectRefusal(await run("empty.json"), 1, /empty\.json: takeoverInit is missing/u);
    await chmod(machine.initFile, 0o640);
    expectRefusal(
      await run("box.json"),
      1,
      /users other than its owner can read or write it \(mode 640, expected 600\): chmod 600 /u,
    );
    await chmod(machine.initFile, 0o600);
    const nowhere = ["--file-disks", at("nowhere")];
    const withoutDisks = await place.cli("agent", "run", "--init", machine.initFile, ...nowhere);
    expectRefusal(withoutDisks, 1, /nowhere, cannot be read: expected a folder with a file per disk/u);
  });

  test("that is not known is refused, goes on trying, and harms nobody", async () => {
    const spare = await place.machine("spare");
    const stale = spare.agent();
    await waitFor("a heartbeat", async () => (await spare.show()).agent?.heartbeatAt);
    const init = join(place.folder, "spare-second.json");
    await must(place.cli("agent", "init", "spare", "--out", init, "--replace"));
    await waitFor("the refusal", () => stale.stderr.includes("another agent holds the machine now"));
    expect(stale.running).toBe(true);
    const unknown = spare.agent();
    await waitFor("the refusal", () => unknown.stderr.includes("the control plane refuses this agent"));
    expect((await spare.show()).agent?.heartbeatAt).toBeUndefined();
  });
});

describe("the ports", () => {
  test("agents': plain HTTP is turned away, and nobody else is disturbed", async () => {
    await expect(fetch(`http://${up.agents}/`, { signal: AbortSignal.timeout(5_000) })).rejects.toThrow("fetch failed");
    await expect(
      fetch(`http://${up.agents}/`, { method: "POST", body: randomBytes(1 << 16), signal: AbortSignal.timeout(5_000) }),
    ).rejects.toThrow("fetch failed");
    const before = await waitFor("a heartbeat", async () => (await machine.show()).agent?.heartbeatAt);
    await waitFor("the next", async () => ((await machine.show()).agent?.heartbeatAt?.seconds ?? 0n) > before.seconds);
    expect([up.running, agent.running]).toEqual([true, true]);
  });

  test("operators': what is not there, and who is not known", async () => {
    const call = (token: string): Promise<Response> =>
      fetch(`${up.operators}/farrier.operator.v1.MachineService/MachineList`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: "{",
      });
    expect((await call("nobody")).status).toBe(401);
    expect((await fetch(`${up.operators}/nothing`)).status).toBe(401);
    expect((await fetch(`${up.operators}/healthz`)).status).toBe(200);
  });
});

describe("farrier up", () => {
  /** On a data directory of its own, in which nothing may be left running. */
  async function upElsewhere(agents: string, operators: string, netboot = "127.0.0.1:0"): Promise<Ran> {
    const dataDir = join(place.folder, `elsewhere-${randomUUID()}`);
    const addresses = ["--agents", agents, "--operators", operators, "--netboot", netboot];
    const ran = await place.cli("up", "--data-dir", dataDir, ...addresses);
    expect(await place.leftovers(dataDir)).toEqual([]);
    return ran;
  }

  test("on a port that is taken ends, and leaves nothing running", async () => {
    const agents = await upElsewhere(up.agents, "127.0.0.1:0");
    expect(agents.status).toBe(1);
    expect(agents.stderr).toMatch(/farrier: agents can't be served on .*: another program listens there .*--agents/u);
    const operators = up.operators.replace("http://", "");
    const taken = await upElsewhere("127.0.0.1:0", operators);
    expect(taken.status).toBe(1);
    expect(taken.stderr).toMatch(
      /farrier: operators can't be served on .*: another program listens there .*--operators/u,
    );
    const netboot = await upElsewhere("127.0.0.1:0", "127.0.0.1:0", operators);
    expect(netboot.status).toBe(1);
    expect(netboot.stderr).toMatch(
      /farrier: network boot can't be served on .*: another program listens there .*--netboot/u,
    );
  });

  test("a second time on the same data directory is refused, and the first goes on", async () => {
    const second = await place.cli("up", "--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0");
    expectRefusal(second, 1, new RegExp(`is in use by process ${up.pid}: .*stop that process first`, "u"));
    await must(place.cli("machine", "list"));
  });
});
