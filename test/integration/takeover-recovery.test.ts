// A machine with an SSH account whose agent is lost: SSH to the installed system first, then its controller, and then it is said who must act.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { credentialId } from "../../src/database/ids.ts";
import { startAllow } from "../../src/database/queries/agent/start-allowed.ts";
import { machineSshSet } from "../../src/database/queries/machine/machine-ssh.ts";
import { statesRefresh } from "../../src/database/queries/upkeep/state.ts";
import { transact } from "../../src/database/transaction.ts";
import { testClients, testDependencies } from "../../src/operator-api/testing/operator-api.ts";
import { type ControlledFleet, controlledFleet } from "../../src/shepherd/testing/controlled-fleet.ts";
import { fakeControllers } from "../../src/shepherd/testing/fake-controller.ts";
import { testShepherd } from "../../src/shepherd/testing/test-shepherd.ts";
import { operator, type TestMachine } from "../support/fleet.ts";
import { fakeBootImages, sshHost, type SshHost, sshHostMissing, type SshHostShape } from "../support/ssh-host.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const credential = credentialId("00000000-0000-4000-8000-000000000002");

let stack: AsyncDisposableStack;
let all: ControlledFleet;
beforeEach(async (context) => {
  const missing = await sshHostMissing();
  context.skip(missing !== undefined, missing);
  stack = new AsyncDisposableStack();
  all = stack.use(await controlledFleet());
});
afterEach(async () => await stack.disposeAsync());

interface Lost {
  machine: TestMachine;
  host: SshHost;
  /** What its controller was told, beside that an installed machine boots its disk. */
  told(): string[];
  /** Failed starts in a row, by means. */
  failures(): Promise<Record<string, number>>;
  /** Lets backoffs pass until that holds. */
  until(what: string, holds: () => Promise<boolean>): Promise<void>;
}

/** An installed machine with a request for the next installation, whose agent is lost; a shepherd looks after it. */
async function lost(shape: Partial<SshHostShape>, controllerWorks: boolean): Promise<Lost> {
  const { fleet } = all;
  const folder = await mkdtemp(join(tmpdir(), "farrier-takeover-recovery-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const bootImages = await fakeBootImages(folder);
  const agents = createServer((socket) => socket.on("error", () => undefined).end());
  agents.listen(0, "127.0.0.1");
  await once(agents, "listening");
  stack.defer(() => void agents.close());
  const address = agents.address();
  const host = stack.use(await sshHost(shape));
  const { password } = host.shape;
  const fakes = fakeControllers();
  const controller = fakes.at("https://bmc1");
  controller.power = "on";
  const takeovers = {
    open: () => Promise.resolve({ kind: "ssh-password" as const, secret: password, mayReach: () => true }),
    bootImages,
    agents: { port: typeof address === "object" && address !== null ? address.port : 0 },
    caCertificate: () => Promise.resolve(new Uint8Array(700)),
    kernelArguments: "",
  };
  stack.use(testShepherd(fleet, { controllers: fakes.access, takeovers }));
  const machine = await fleet.add();
  const { machineId } = machine;
  await all.added("https://bmc1", { joins: machineId });
  controller.broken = controllerWorks ? undefined : "unreachable";
  await fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", machineId);
  await fleet.rows(
    `INSERT INTO credential (credential_id, credential_name, kind, user_name, sealed_secret, allowed, created_by)
     VALUES ($1, 'rented', 'ssh-password', 'root', $2, '{0.0.0.0/0}', 'test')`,
    credential,
    Buffer.concat([Buffer.from([0, 0x66, 0x72, 0x73, 1]), Buffer.alloc(60)]),
  );
  const account = { user: "root", host: "127.0.0.1", port: host.port, credentialId: credential, hostKey: host.hostKey };
  await transact(fleet.database, null, async (tx) => {
    await machineSshSet(tx, machineId, account, operator);
    await startAllow(tx, machineId, operator);
  });
  await fleet.request(machine);
  const told = (): string[] => controller.done.filter((command) => command !== "clear");
  expect([host.commands, told()]).toEqual([[], []]);
  await fleet.rows(
    `INSERT INTO sessions (session_component, session_runtime_info, session_created_at, session_interval_seconds, session_deadline)
     VALUES ('server', 'test', now() - interval '1 day', 15, now() + interval '1 hour')`,
  );
  await fleet.rows(
    "UPDATE machine_agent_started SET agent_started_at = now() - interval '1 hour' WHERE machine_id = $1",
    machineId,
  );
  await statesRefresh(fleet.database);
  return {
    ...{ machine, host, told },
    failures: async () => {
      const rows = await fleet.rows<{ means: string; failures: number }>(
        "SELECT means, failures FROM machine_start_failure",
      );
      return Object.fromEntries(rows.map(({ means, failures }) => [means, failures]));
    },
    until: async (what, holds) => {
      await waitFor(what, async () => {
        if (await holds()) {
          return true;
        }
        await fleet.rows("DELETE FROM work_backoff");
        return false;
      });
    },
  };
}

test("first by SSH: its installed system is taken over, and its controller is left alone", async () => {
  const { host, told, until, machine } = await lost({}, true);
  await until("the agent's kernel to be started", async () => (await host.started()) !== undefined);
  expect(told()).toEqual([]);
  const history = await all.fleet.history(machine);
  expect(history.join()).toContain("takeover_begun");
  expect(history.join()).not.toContain("boot_window_opened");
});

test("then by its controller: after SSH has failed twice", async () => {
  const { host, told, until, failures } = await lost({ kexecDisabled: "1" }, true);
  await until("the controller to be told", () => Promise.resolve(told().length >= 3));
  expect(told()).toEqual(["power off", "boot network once", "power on"]);
  expect(await failures()).toEqual({ "ssh-takeover": 2 });
  expect(host.commands).toEqual(["sh -s", "sh -s"]);
  expect(await host.started()).toBeUndefined();
});

test("then it is said who must act: neither SSH nor its controller has worked", async () => {
  const { machine, until, failures } = await lost({ kexecDisabled: "1" }, false);
  await until("both to have failed", async () => {
    const { "ssh-takeover": ssh = 0, "controller-network": network = 0 } = await failures();
    return ssh >= 2 && network >= 2;
  });
  const dependencies = stack.use(testDependencies(all.fleet.test.connection));
  const { machines } = testClients(dependencies);
  const lines = async (): Promise<string> =>
    (await machines.machineExplain({ machine: machine.machineId })).lines.join("\n");
  // The failures are there before the start's work has ended; until then the work is what is shown.
  await until("it to wait for an operator", async () => (await lines()).includes("waiting for an operator"));
  expect(await lines()).toMatch(
    /waiting for an operator to look at the machine: every means of starting an agent on it has failed: its running system, by SSH \(\d+ times\); its controller, by network boot \(\d+ times\)/u,
  );
  expect(await lines()).toContain("kernel.kexec_load_disabled is 1");
});
