import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mediumSecret, mediumUrl } from "../../src/contract/medium-path.ts";
import { machineIdentitySet } from "../../src/database/machine-identity.ts";
import { bootWindowOpen, type WindowMedium } from "../../src/database/queries/boot/boot-window.ts";
import { transact } from "../../src/database/transaction.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { netbootServe } from "../../src/netboot/serve.ts";
import { bootImage, bootMedium } from "./boot-image.ts";
import { type Fleet, operator, silent, testFleet, type TestMachine } from "./fleet.ts";
import { withParent } from "./with-parent.ts";

/** A `farrier netboot` with the boot medium of this checkout. */
export interface MediumHost extends AsyncDisposable {
  fleet: Fleet;
  /** For files of the test. */
  folder: string;
  port: number;
  /** Where agents are sent to: nothing listens there. */
  agents: number;
  /** A machine with an open boot window, and the path of its medium. */
  known(medium: Omit<WindowMedium, "digest">): Promise<TestMachine & { windowId: string; path: string }>;
}

/** Builds the boot medium, and serves it. */
export async function mediumHost(): Promise<MediumHost> {
  await using stack = new AsyncDisposableStack();
  await bootMedium();
  const folder = await mkdtemp(join(tmpdir(), "farrier-medium-guest-"));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await symlink(await bootImage(), join(folder, "x86_64"));
  const fleet = stack.use(await testFleet());
  const { database } = fleet;
  const agents = 28_443;
  const netboot = stack.use(
    await netbootServe({
      ...{ database, bootImages: folder, ipxeFiles: folder, log: silent, clock: systemClock },
      address: { host: "127.0.0.1", port: 0 },
      agents: { port: agents },
      // A lab's controller is on this host, whose loopback its machine reaches as this.
      guestsReach: "10.0.2.2",
      caCertificate: Buffer.alloc(0),
      kernelArguments: "",
      metrics: createMetrics(),
    }),
  );
  const made = stack.move();
  return {
    ...{ fleet, folder, agents, port: netboot.address.port },
    known: async (medium) => {
      const machine = await fleet.add({ agent: false });
      const { machineId } = machine;
      await transact(database, null, (tx) => machineIdentitySet(tx, machineId, { smbiosUuid: machineId }));
      const secret = mediumSecret();
      const window = { actor: operator, seconds: 3600, medium: { ...medium, digest: secret.digest } };
      const { windowId } = await bootWindowOpen(database, machineId, window);
      return { ...machine, windowId, path: new URL(mediumUrl("http://host", secret)).pathname };
    },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}

/** A QEMU machine. */
export interface MediumGuest extends AsyncDisposable {
  /** The text on its serial port. */
  console(): string;
  running(): boolean;
}

/** Starts a QEMU machine on QEMU's own network. @param more further arguments */
export function mediumGuest(uuid: string, more: readonly string[]): MediumGuest {
  const [first, ...words] = withParent([
    "qemu-system-x86_64",
    ...["-machine", "q35,graphics=off", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024"],
    ...["-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-uuid", uuid],
    // Without iPXE's program: only the medium can start it.
    ...["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="],
    ...["-object", "rng-random,id=rng0,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng0"],
    ...more,
  ]);
  const child: ChildProcess = spawn(first, words, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  child.stdout?.on("data", (part: Buffer) => (text += part.toString("latin1")));
  child.stderr?.on("data", (part: Buffer) => (text += part.toString("latin1")));
  const ended = once(child, "exit");
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    console: () => text,
    running,
    [Symbol.asyncDispose]: async () => {
      if (running()) {
        child.kill("SIGKILL");
      }
      await ended;
    },
  };
}
