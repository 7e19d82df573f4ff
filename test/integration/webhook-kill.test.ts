// Servers killed with SIGKILL while they deliver: nothing is lost, a machine's order holds, and the key is in no log. What came is
// checked by the program of docs/events.md, in Python.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { requestId } from "../../src/database/ids.ts";
import { webhookAdd, webhookShow } from "../../src/database/queries/event/webhook.ts";
import { testReceiver, type TestReceiver } from "../../src/events/testing/webhook-receiver-server.ts";
import { webhookSecretMake } from "../../src/contract/events/webhook-signature.ts";
import { testKeyRing } from "../../src/secrets/testing/key-ring.ts";
import { secretsKey } from "../../src/secrets/secrets-key.ts";
import { webhookPlace } from "../../src/secrets/webhook-target.ts";
import { testFleet, type Fleet, type TestMachine } from "../support/fleet.ts";
import { programMissing } from "../support/program-missing.ts";
import { waitFor } from "../support/wait.ts";
import { withParent } from "../support/with-parent.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

const run = promisify(execFile);
const program = new URL("../support/webhooks-child.ts", import.meta.url).pathname;
const keyBytes = randomBytes(32);
const secret = webhookSecretMake();
let fleet: Fleet;
let receiver: TestReceiver;
let logged = "";
const servers: ChildProcess[] = [];
beforeAll(async () => {
  fleet = await testFleet();
  receiver = await testReceiver();
  const webhookId = randomUUID();
  const target = { url: receiver.url, secret, certificates: receiver.certificates };
  await webhookAdd(fleet.database, {
    ...{ requestId: requestId(randomUUID()), command: "webhook_add", bodyDigests: [Buffer.alloc(32)] },
    ...{ webhookId, name: "hook", shownUrl: "https://127.0.0.1", events: ["installation_*"], privateAllowed: false },
    sealedTarget: testKeyRing(secretsKey(keyBytes)).seal(webhookPlace(webhookId), Buffer.from(JSON.stringify(target))),
    createdBy: "tester",
  });
});
afterAll(async () => {
  await Promise.all(servers.map((one) => kill(one)));
  await receiver[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
});

function server(): ChildProcess {
  const key = keyBytes.toString("base64");
  const [command, ...rest] = withParent([process.execPath, program, JSON.stringify(fleet.test.connection), key]);
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (text: Buffer) => {
      logged += text.toString("utf8");
    });
  }
  servers.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

/** The kinds of a machine's events in the order in which they were first taken. */
const order = (machine: TestMachine): string[] => [
  ...new Map(
    receiver.taken.filter(({ machineId }) => machineId === machine.machineId).map(({ id, type }) => [id, type]),
  ).values(),
];

test("servers are killed while they deliver: nothing is lost, and the order of each machine holds", async () => {
  const machines = await Promise.all(Array.from({ length: 12 }, () => fleet.add()));
  let child = server();
  const story = async (machine: TestMachine): Promise<void> => {
    await fleet.request(machine);
    await fleet.cancel(machine);
    await fleet.request(machine);
    await fleet.cancel(machine);
  };
  const happening = (async () => {
    for (const machine of machines) {
      await story(machine);
    }
  })();
  for (let kills = 0; kills < 4; kills += 1) {
    const before = receiver.tried.length;
    // It is killed with a delivery in hand: before the answer, or before the answer is recorded.
    await waitFor(
      "a delivery",
      () => receiver.tried.length > before || order(machines.at(-1) as TestMachine).length === 4,
    );
    await kill(child);
    await fleet.rows("DELETE FROM sessions");
    child = server();
  }
  await happening;
  const installation = ["requested", "cancelled", "requested", "cancelled"].map(
    (kind) => `farrier.installation_${kind}`,
  );
  for (const machine of machines) {
    await waitFor("all events of a machine", () => order(machine).length === installation.length);
    expect(order(machine)).toEqual(installation);
  }
  await waitFor("an empty queue", async () => (await webhookShow(fleet.database, "hook")).waiting === 0);
  expect(await fleet.rows("SELECT FROM webhook_dead_letter")).toEqual([]);
});

test("neither the key nor the URL's secret is in a log", () => {
  expect(logged).toContain("session started");
  expect(logged).not.toContain(secret);
  expect(logged).not.toContain(secret.slice("whsec_".length));
  expect(logged).not.toContain("hunter2");
});

test("docs/events.md checks a signature: of what came, not of what was changed", async (context) => {
  const missing = await programMissing("python3", "python3");
  context.skip(missing !== undefined, missing);
  const document = await readFile(new URL("../../docs/events.md", import.meta.url), "utf8");
  const [, example = ""] = /```python\n([^]*?)```/u.exec(document) ?? [];
  const folder = await mkdtemp(join(tmpdir(), "farrier-signature-"));
  try {
    const check = join(folder, "check.py");
    await writeFile(
      check,
      `${example}\nimport json, sys\ngiven = json.load(sys.stdin)\n` +
        'for one in given["events"]:\n    verify(given["secret"], one["headers"], one["body"].encode())\n' +
        'for change in ("body", "id", "old", "secret"):\n    one = given["events"][0]\n    headers = dict(one["headers"])\n' +
        '    if change == "id": headers["webhook-id"] = "1"\n' +
        '    body = (one["body"] + (" " if change == "body" else "")).encode()\n' +
        '    key = "whsec_AAAA" if change == "secret" else given["secret"]\n' +
        '    now = 10 if change == "old" else None\n' +
        "    try:\n        verify(key, headers, body, now)\n    except ValueError as error:\n        print(change)\n",
    );
    const running = run("python3", [check]);
    running.child.stdin?.end(JSON.stringify({ secret, events: receiver.taken }));
    expect((await running).stdout.trim().split("\n")).toEqual(["body", "id", "old", "secret"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
