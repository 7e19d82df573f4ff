// A host with a running system becomes a machine: by real SSH, real processes and a real agent; its kernel alone is made up.
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { MachineState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import type { FarrierProcess } from "../support/farrier-process.ts";
import { diskMake, lab, type Lab, must } from "../support/lab.ts";
import {
  fakeBootImages,
  sshHost,
  type SshHost,
  sshHostMissing,
  type SshHostShape,
  sshKeyPair,
} from "../support/ssh-host.ts";
import { farrierStart } from "../support/farrier-process.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

beforeEach(async (context) => {
  const missing = await sshHostMissing();
  context.skip(missing !== undefined, missing);
});

interface Rented extends AsyncDisposable {
  place: Lab;
  host: SshHost;
  /** The `farrier up` that runs. */
  first: FarrierProcess;
  /** Starts `farrier up` again. */
  up(): Promise<FarrierProcess>;
  state(): Promise<MachineState>;
  /** What the started kernel would run: the agent with the init file that is in the loaded archive. */
  boots(): Promise<FarrierProcess>;
}

/** A control plane, and a host that is known by its SSH account; its key is pinned, or accepted at the first contact. */
async function rented(shape: Partial<SshHostShape> = {}, hostKey: "pinned" | "accept-new" = "pinned"): Promise<Rented> {
  await using stack = new AsyncDisposableStack();
  const place = stack.use(await lab());
  const key = sshKeyPair();
  const host = stack.use(await sshHost({ authorizedKey: key.publicKey, ...shape }));
  const images = join(place.folder, "boot-images");
  await mkdir(images);
  await fakeBootImages(images);
  await writeFile(join(place.folder, "key"), key.privateKey, { mode: 0o600 });
  const up = () => place.up("--boot-images", images);
  const first = await up();
  await must(
    place.cli(
      ...["credential", "create", "rented", "--kind", "ssh-key", "--user", "root", "--for", "127.0.0.1/32"],
      ...["--secret-file", join(place.folder, "key")],
    ),
  );
  await must(
    place.cli(
      ...["machine", "add", "web1", "--ssh", `root@127.0.0.1:${host.port}`, "--credential", "rented"],
      ...(hostKey === "pinned" ? ["--ssh-host-key", host.hostKey] : ["--ssh-accept-new"]),
    ),
  );
  const release = stack.move();
  return {
    place,
    host,
    first,
    up,
    state: async () => {
      const { machine } = await (await place.client()).machines.machineShow({ machine: "web1" });
      return machine?.standing?.state ?? MachineState.UNSPECIFIED;
    },
    boots: async () => {
      const { initramfs } = (await host.loaded()) ?? { initramfs: Buffer.alloc(0) };
      const folder = await mkdtemp(join(place.folder, "boots-"));
      execFileSync("busybox", ["cpio", "-idm"], { cwd: folder, input: initramfs.subarray(1024), stdio: "pipe" });
      const disks = join(folder, "disks");
      await mkdir(disks);
      await diskMake(join(disks, "disk0"), 16 << 20);
      const init = join(folder, "etc/farrier/agent-init.json");
      const env = { FARRIER_AGENT_HEARTBEAT_SECONDS: "1" };
      const agent = farrierStart(["agent", "run", "--init", init, "--file-disks", disks], { env });
      release.defer(async () => void (await agent.end("SIGTERM")));
      return agent;
    },
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  };
}

test("from a running system to installed: nothing is done unasked, then two commands do it", async () => {
  await using all = await rented();
  const { place, host, state, boots } = all;
  const explained = await must(place.cli("machine", "explain", "web1"));
  expect(explained.stdout).toContain("farrier machine start-agent web1 --yes");
  expect((await must(place.cli("machine", "show", "web1"))).stdout).toContain(`root@127.0.0.1:${host.port}`);
  // No connection was made: nobody has asked for it.
  expect(host.commands).toEqual([]);

  await must(place.cli("machine", "start-agent", "web1", "--yes"));
  await waitFor("the agent's kernel to be started", async () => (await host.started()) !== undefined, {
    timeoutMs: 60_000,
  });
  expect(await state()).toBe(MachineState.STARTING_AGENT);
  await boots();
  await waitFor("its agent", async () => (await state()) === MachineState.READY, { timeoutMs: 60_000 });
  const image = place.images.serve("image", Buffer.alloc(1 << 20, "image"));
  await must(
    place.cli(
      "machine",
      "install",
      "web1",
      "--image",
      image.url,
      "--digest",
      image.digest,
      "--disk",
      "serial=disk0",
      "--wait",
    ),
  );
  const story = (await must(place.cli("machine", "history", "web1"))).stdout;
  for (const event of [
    "ssh_set",
    "agent_start_allowed",
    "takeover_begun",
    "agent_registered",
    "installation_succeeded",
  ]) {
    expect(story).toContain(event);
  }
  expect(story).not.toContain("boot_window_opened");
});

test("killed while it carries, and again after it has started the agent's kernel: the next one goes on, and starts it once", async () => {
  const kill: { at: string; now?: () => void } = { at: "cat > " };
  const command = (text: string): "run" => {
    // The initramfs comes after the programs.
    if (text.includes(kill.at) && !text.includes("mkdir")) {
      kill.now?.();
    }
    return "run";
  };
  await using all = await rented({ command }, "accept-new");
  const { place, host, state, boots, up } = all;
  const killed = async (at: string, victim: FarrierProcess): Promise<void> => {
    kill.at = at;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    kill.now = () => resolve(undefined);
    await promise;
    delete kill.now;
    await victim.end("SIGKILL");
  };
  await must(place.cli("machine", "start-agent", "web1", "--yes"));
  await killed("/initramfs", all.first);
  const second = await up();
  await killed("go.sh", second);
  await waitFor("the agent's kernel to be started", async () => (await host.started()) !== undefined, {
    timeoutMs: 60_000,
  });
  const loaded = await host.loaded();
  await up();
  await boots();
  await waitFor("its agent", async () => (await state()) === MachineState.READY, { timeoutMs: 120_000 });
  expect((await host.loaded())?.initramfs.equals(loaded?.initramfs ?? Buffer.alloc(0))).toBe(true);
  // Only at the first contact of all shepherds.
  expect((await must(place.cli("machine", "show", "web1"))).stdout).toContain(host.hostKey);
  const story = (await must(place.cli("machine", "history", "web1"))).stdout;
  expect(story.match(/ssh_host_key_accepted/gu)).toHaveLength(1);
});
