// Controllers in front of real QEMUs, and Farrier's own clients of them; nothing is booted to an end.
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, type TestContext } from "vitest";
import { qemuMissing } from "../../../test/support/qemu.ts";
import { waitFor } from "../../../test/support/wait.ts";
import type { Controller } from "../../controllers/controller.ts";
import { ipmiController } from "../../controllers/ipmi/ipmi-controller.ts";
import { redfishController } from "../../controllers/redfish/redfish-controller.ts";
import { controllerConformance } from "../../controllers/testing/controller-conformance.ts";
import { ipmiSimMissing } from "../../controllers/testing/ipmi-sim.ts";
import { systemClock } from "../../lib/clock.ts";
import { createLogger } from "../../lib/log.ts";
import { labMachineCreate, labMachineList } from "../directory.ts";
import { type ControlledLabMachine, type LabControllerProtocol, labMachineMake } from "../machine.ts";
import { labMachineRemove, powerGet, powerSet } from "../power.ts";
import { qemuUser } from "../run-user.ts";
import { controllerPassword, labAccount } from "./account.ts";
import { controllersAsk } from "./control.ts";
import { controllerPortFind } from "./port.ts";
import { controllersServe } from "./serve.ts";
import { controlledMachines, labControllerUrl } from "./url.ts";

const live = new AbortController().signal;
const shape = {
  firmware: "bios",
  disk: "virtio",
  disks: 1,
  diskBytes: 64 << 20,
  nics: 2,
  memoryMiB: 256,
  cpus: 1,
} as const;

async function missingFor(protocol: LabControllerProtocol): Promise<string | undefined> {
  return (await qemuMissing()) ?? (protocol === "ipmi" ? await ipmiSimMissing() : undefined);
}

interface ServedLab extends AsyncDisposable {
  directory: string;
  machine: ControlledLabMachine;
  client(password?: string): Controller;
  /** Ends serving, and resolves when that is over. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A lab of one machine, whose controller is served by this process. */
async function servedLab(protocol: LabControllerProtocol, context: TestContext): Promise<ServedLab> {
  const missing = await missingFor(protocol);
  context.skip(missing !== undefined, missing);
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "farrier-lab-controllers-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const directory = join(folder, "lab");
  const port = await controllerPortFind(protocol, new Set());
  await labMachineCreate(directory, labMachineMake("lab-1", shape, { protocol, port }), await qemuUser());
  stack.defer(async () => {
    for (const { name } of await labMachineList(directory)) {
      await labMachineRemove({ directory, netbootUrl: "", clock: systemClock }, name);
    }
  });
  let serving: Promise<void> = Promise.resolve();
  let aborting = new AbortController();
  const stop = async (): Promise<void> => {
    aborting.abort();
    await serving;
  };
  const start = async (): Promise<void> => {
    aborting = new AbortController();
    const log = createLogger({ level: "silent", component: "test" });
    serving = controllersServe({ directory, clock: systemClock, log, signal: aborting.signal });
    await waitFor("the controllers to be served", async () => (await controllersAsk(directory))?.problems.length === 0);
  };
  await start();
  stack.defer(stop);
  const [machine] = controlledMachines(await labMachineList(directory));
  if (machine === undefined) {
    throw new Error("the machine has no controller");
  }
  const account = await labAccount(directory);
  const password = await controllerPassword(directory, machine.name, account);
  const client = (given = password): Controller => {
    const login = { userName: account.userName, password: given, mayReach: () => true };
    const url = labControllerUrl(machine);
    return protocol === "redfish"
      ? redfishController({ url, trust: { by: "fingerprint", sha256: account.sha256 } }, login)
      : ipmiController({ protocol, url, trust: { by: "clear-text" } }, login);
  };
  const release = stack.move();
  return { directory, machine, client, stop, start, [Symbol.asyncDispose]: async () => await release.disposeAsync() };
}

describe.each(["redfish", "ipmi"] as const)("a lab machine's controller by %s", (protocol) => {
  controllerConformance(async (context) => {
    const lab = await servedLab(protocol, context);
    const [controller, stranger] = [lab.client(), lab.client("wrong")];
    return {
      ...{ controller, stranger },
      nameless: protocol === "ipmi",
      [Symbol.asyncDispose]: async () => {
        await controller[Symbol.asyncDispose]();
        await stranger[Symbol.asyncDispose]();
        await lab[Symbol.asyncDispose]();
      },
    };
  });

  test("it says whose it is, and switches it", { timeout: 120_000 }, async (context) => {
    await using lab = await servedLab(protocol, context);
    await using controller = lab.client();
    const { uuid, nics } = lab.machine;
    const macs = protocol === "redfish" ? nics.map(({ mac }) => mac) : [];
    expect(await controller.read(live)).toMatchObject({ smbiosUuid: uuid, macs, power: "off", mayControl: true });
    await controller.bootSet("network", { once: true, signal: live });
    await controller.powerSet("on", live);
    expect(await powerGet(lab.directory, "lab-1")).toBe("on");
    const commandLine = async (): Promise<string[]> => {
      const pid = (await readFile(join(lab.directory, "lab-1/pid"), "utf8")).trim();
      return (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    };
    expect((await commandLine()).find((word) => word.startsWith("virtio-net-pci,id=nic0"))).toContain(",bootindex=0");
    // The boot source was for one start.
    await controller.powerSet("cycle", live);
    expect((await commandLine()).filter((word) => word.includes("bootindex=0"))).toEqual([]);
    // Switched by another hand, it shows that.
    await powerSet({ directory: lab.directory, netbootUrl: "", clock: systemClock }, "lab-1", "off");
    await waitFor("the controller to show it off", async () => (await controller.powerGet(live)) === "off");
  });
});

test("a changed password holds when the controllers are served anew", { timeout: 120_000 }, async (context) => {
  await using lab = await servedLab("redfish", context);
  await using controller = lab.client();
  await controller.passwordSet("another-one-1234", live);
  await lab.stop();
  await lab.start();
  await using old = lab.client();
  await expect(old.powerGet(live)).rejects.toMatchObject({ code: "unauthorized" });
  await using now = lab.client("another-one-1234");
  expect(await now.powerGet(live)).toBe("off");
});

test("its password and key are this user's alone", async (context) => {
  await using lab = await servedLab("redfish", context);
  const { passwordFile } = await labAccount(lab.directory);
  for (const path of [passwordFile, join(lab.directory, ".controllers/tls.pem")]) {
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe("600");
  }
});

test("what can't be served is said, and served once it can", { timeout: 60_000 }, async (context) => {
  await using lab = await servedLab("redfish", context);
  const port = lab.machine.controller.port;
  // Another machine with the same port, as if another program had it.
  await labMachineCreate(
    lab.directory,
    labMachineMake("lab-2", shape, { protocol: "redfish", port }),
    await qemuUser(),
  );
  expect((await controllersAsk(lab.directory))?.problems).toEqual([
    `lab-2: another program listens on TCP port ${port}`,
  ]);
  await labMachineRemove({ directory: lab.directory, netbootUrl: "", clock: systemClock }, "lab-1");
  await waitFor("lab-2 to be served", async () => (await controllersAsk(lab.directory))?.problems.length === 0);
});
