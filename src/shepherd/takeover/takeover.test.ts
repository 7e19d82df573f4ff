import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromJsonString } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { AgentInitSchema, TakeoverInitSchema } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import {
  fakeBootImages,
  sshHost,
  type SshHost,
  sshHostMissing,
  type SshHostShape,
  sshKeyPair,
} from "../../../test/support/ssh-host.ts";
import { waitFor } from "../../../test/support/wait.ts";
import type { AgentKey } from "../../database/ids.ts";
import { isPrintable } from "../../lib/format/printable.ts";
import { sshFingerprint } from "../../contract/ssh-host-key.ts";
import { takeoverFilesRead } from "./boot-image-files.ts";
import { sshConnect, type SshLogin } from "./ssh-connect.ts";
import { takeover, type TakeoverPlan, type TakeoverStep } from "./takeover.ts";

const machineId = "11111111-2222-4333-8444-555555555555";
let clientKey: { privateKey: string; publicKey: string };

beforeEach(async (context) => {
  const missing = await sshHostMissing();
  context.skip(missing !== undefined, missing);
  clientKey = sshKeyPair();
});

interface Rig {
  host: SshHost;
  steps: TakeoverStep[];
  registered: AgentKey[];
  /** Takes the host over. */
  run(changes?: {
    login?: Partial<SshLogin>;
    plan?: Partial<TakeoverPlan>;
    register?: () => Promise<void>;
    signal?: AbortSignal;
  }): Promise<AgentKey>;
}

/** A fake host, a boot image of made-up files, and something that listens where the agent API would. */
async function rig(shape: Partial<SshHostShape> = {}): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), "farrier-takeover-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const host = await sshHost({ authorizedKey: clientKey.publicKey, ...shape });
  onTestFinished(() => host[Symbol.asyncDispose]());
  const agents = createServer((socket) => socket.on("error", () => undefined).end());
  agents.listen(0, "127.0.0.1");
  await once(agents, "listening");
  onTestFinished(() => void agents.close());
  const address = agents.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const files = await takeoverFilesRead(await fakeBootImages(folder), "x86_64");
  const steps: TakeoverStep[] = [];
  const registered: AgentKey[] = [];
  return {
    host,
    steps,
    registered,
    run: async ({ login, plan, register, signal = new AbortController().signal } = {}) => {
      await using reached = await sshConnect(
        {
          target: { user: "root", host: "127.0.0.1", port: host.port },
          hostKey: { by: "key", key: host.hostKey },
          kind: "ssh-key",
          secret: clientKey.privateKey,
          mayReach: () => true,
          ...login,
        },
        signal,
      );
      return await takeover(
        reached,
        {
          files,
          agents: { port },
          init: (bmaasEndpoint) =>
            create(TakeoverInitSchema, { machineId, bmaasEndpoint, caCertificate: new Uint8Array(700).fill(7) }),
          network: undefined,
          kernelArguments: "panic=10",
          otherMachine: () => undefined,
          ...plan,
        },
        {
          step: (name) => void steps.push(name),
          register: async (key) => {
            registered.push(key);
            await register?.();
          },
          signal,
        },
      );
    },
  };
}

/** What lies behind the initramfs, unpacked. */
async function archiveOf(host: SshHost): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "farrier-archive-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { initramfs } = (await host.loaded()) ?? { initramfs: Buffer.alloc(0) };
  expect(initramfs.subarray(0, 1024).equals(Buffer.alloc(1024, "i"))).toBe(true);
  execFileSync("busybox", ["cpio", "-idm"], { cwd: folder, input: initramfs.subarray(1024) });
  return folder;
}

test("a host is taken over: the key was made there, is nowhere else, and the kernel gets it with the agent's init file", async () => {
  const { host, run, steps, registered } = await rig();
  const key = await run();
  expect(steps).toEqual(["look", "make-room", "reach", "carry", "load", "register", "go"]);
  expect(registered).toEqual([key]);
  const archive = await archiveOf(host);
  const path = join(archive, "etc/farrier/agent-init.json");
  const init = fromJsonString(AgentInitSchema, await readFile(path, "utf8"));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(init.takeoverInit?.machineId).toBe(machineId);
  expect(init.takeoverInit?.bmaasEndpoint).toMatch(/^127\.0\.0\.1:\d+$/u);
  expect(init.takeoverInit?.caCertificate).toEqual(new Uint8Array(700).fill(7));
  expect(init.privateKey).toHaveLength(64);
  expect(Buffer.from(init.privateKey.subarray(32)).equals(Buffer.from(key))).toBe(true);
  expect((await host.loaded())?.commandLine).toBe("console=tty0 console=ttyS0,115200 panic=10");
  await waitFor("the kernel is started", async () =>
    /^(?:systemctl kexec|kexec -e)$/u.test((await host.started()) ?? ""),
  );
  // Nothing of the key is in a file of the host.
  const secret = Buffer.from(init.privateKey.subarray(0, 32));
  for (const name of await host.left()) {
    const data = await readFile(join(host.folder, "run", name)).catch(() => Buffer.alloc(0));
    expect(data.includes(secret) || data.includes(secret.toString("base64").slice(0, 40)), name).toBe(false);
  }
});

test("by sudo, by a password, by a fingerprint, by an older kexec: each works", async () => {
  const { host, run } = await rig({ root: "sudo", kexecRefuses: "file", systemd: false });
  await run({
    login: {
      kind: "ssh-password",
      secret: "the host's password",
      hostKey: { by: "fingerprint", fingerprint: sshFingerprint(host.hostKey) },
    },
  });
  expect(host.logins).toContain("password");
  expect(host.logins).not.toContain("publickey");
  expect(host.commands.slice(1).every((command) => command.startsWith("sudo -n "))).toBe(true);
  await waitFor("the kernel is started", async () => (await host.started()) === "kexec -e");
});

test("the network of the host comes along: for the agent's start, and in its init file", async () => {
  const { host, run } = await rig({
    addresses: JSON.stringify([
      {
        ifname: "enp1s0",
        link_type: "ether",
        address: "52:54:00:12:34:56",
        mtu: 1500,
        addr_info: [{ family: "inet", local: "192.0.2.7", prefixlen: 24, scope: "global" }],
      },
    ]),
    routes: JSON.stringify([{ dst: "default", gateway: "192.0.2.1", dev: "enp1s0", protocol: "static", flags: [] }]),
    resolver: "nameserver 127.0.0.53\nnameserver 192.0.2.53\n",
  });
  await run();
  const archive = await archiveOf(host);
  expect(await readFile(join(archive, "etc/farrier/network"), "utf8")).toBe(
    [
      "ethernet enp1s0 52:54:00:12:34:56",
      "up enp1s0",
      "address enp1s0 192.0.2.7/24",
      "route enp1s0 4 default 192.0.2.1 - -",
      "dns 192.0.2.53",
      "",
    ].join("\n"),
  );
  const init = fromJsonString(AgentInitSchema, await readFile(join(archive, "etc/farrier/agent-init.json"), "utf8"));
  expect(Buffer.from(init.networkConfig).toString("utf8")).toContain("192.0.2.7/24");
});

describe("what can't be taken over is said, and the host is left as it is", () => {
  test.each<[string, Partial<SshHostShape>, string, RegExp]>([
    ["no sudo", { root: "no" }, "not_root", /a password is required.*NOPASSWD/u],
    ["another architecture", { architecture: "aarch64" }, "unsuitable", /aarch64.*x86_64.*boot-image build/u],
    ["a container", { container: "lxc" }, "unsuitable", /container \(lxc\)/u],
    ["a kernel without kexec", { kexec: false }, "unsuitable", /without kexec/u],
    ["kexec switched off", { kexecDisabled: "1" }, "unsuitable", /kexec_load_disabled/u],
    [
      "lockdown",
      { lockdown: "none [integrity] confidentiality" },
      "unsuitable",
      /locked down \(integrity\).*Secure Boot/u,
    ],
    ["too little memory", { memoryTotal: 500_000 }, "unsuitable", /488 MiB of memory, the agent needs 1024/u],
    [
      "too little room",
      { memoryAvailable: 50_000 },
      "unsuitable",
      /48 MiB of memory available, a takeover needs \d+ MiB/u,
    ],
  ])("%s", async (_what, shape, code, message) => {
    const { host, run, registered } = await rig(shape);
    await expect(run()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(registered).toEqual([]);
    expect(host.commands).toEqual(["sh -s"]);
    expect(await host.left()).toEqual([]);
  });
});

describe("what goes wrong on the way is said, nothing of it stays, and the host runs on", () => {
  const wrong = async (
    shape: Partial<SshHostShape>,
    options: Parameters<Rig["run"]>[0],
    code: string,
    message: RegExp,
  ) => {
    const made = await rig(shape);
    await expect(made.run(options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await made.host.left()).toEqual([]);
    expect(await made.host.loaded()).toBeUndefined();
    expect(await made.host.started()).toBeUndefined();
    return made;
  };

  test("another host key: no login is tried", async () => {
    const key = sshKeyPair().publicKey;
    const { host } = await wrong(
      {},
      { login: { hostKey: { by: "key", key } } },
      "host_key",
      /another host key.*--ssh-host-key/u,
    );
    expect(host.logins).toEqual([]);
    const fingerprint = sshFingerprint(key);
    const again = await wrong(
      {},
      { login: { hostKey: { by: "fingerprint", fingerprint } } },
      "host_key",
      /none of the host keys.*SHA256:/u,
    );
    expect(again.host.logins).toEqual([]);
  });

  test("a key or a password that the host refuses", async () => {
    await wrong({}, { login: { secret: sshKeyPair().privateKey } }, "unauthorized", /refused the credential/u);
    const login = { kind: "ssh-password", secret: "wrong" } as const;
    await wrong({}, { login }, "unauthorized", /refused the credential/u);
  });

  test("an address where the credential may not be sent: nothing is connected to", async () => {
    const { host } = await wrong(
      {},
      { login: { mayReach: () => false } },
      "address_refused",
      /may not be sent to 127\.0\.0\.1/u,
    );
    expect(host.commands).toEqual([]);
  });

  test("the kernel refuses: its own words, without their escape sequences", async () => {
    const { registered } = await wrong(
      { kexecRefuses: "both" },
      {},
      "kexec_refused",
      /did not load the agent's: kexec_file_load failed: .*Operation not permitted/u,
    );
    expect(registered).toEqual([]);
  });

  test("the kernel refuses, and the connection is gone: the key is in no file of the host", async () => {
    const { host, run } = await rig({
      kexecRefuses: "both",
      command: (command) => (command.includes("umount") && !command.includes("mount -t") ? "cut" : "run"),
    });
    await expect(run()).rejects.toMatchObject({ code: "kexec_refused" });
    const names = await host.left();
    expect(names.join()).toContain("takeover.sh");
    for (const name of names) {
      const data = await readFile(join(host.folder, "run", name)).catch(() => Buffer.alloc(0));
      expect(data.includes('"privateKey":"') && !name.endsWith("takeover.sh"), name).toBe(false);
    }
    expect(names.filter((name) => /initramfs|key\.der|private|archive|config\.cpio/u.test(name))).toEqual([]);
  });

  test("the agent's kernel is not started", async () => {
    await wrong({ goFails: true }, {}, "kexec_refused", /no kexec today/u);
  });

  test("the agent's kernel is not started, and nobody hears of it: the next takeover begins anew", async () => {
    const { host, run, registered } = await rig({ goFails: true, systemd: false });
    await run();
    await waitFor("the host to say that it is not on its way", async () =>
      (await host.left()).every((name) => !name.endsWith("/going")),
    );
    host.shape.goFails = false;
    await run();
    expect(registered).toHaveLength(2);
    await waitFor("the kernel is started", async () => (await host.started()) === "kexec -e");
  });

  test("what an earlier takeover has loaded is unloaded, also if the next one gets less far", async () => {
    const { host, run } = await rig({ command: (command) => (command.includes("go.sh") ? "cut" : "run") });
    await run();
    expect(await host.loaded()).toBeDefined();
    const agents = { endpoint: "127.0.0.1:1" };
    await expect(run({ plan: { agents } })).rejects.toMatchObject({ code: "unsuitable" });
    expect(await host.loaded()).toBeUndefined();
    expect(await host.left()).toEqual([]);
  });

  test("the key could not be registered", async () => {
    const register = () => Promise.reject(new Error("the database is away"));
    const { host, run } = await rig();
    await expect(run({ register })).rejects.toThrow("the database is away");
    expect(await host.left()).toEqual([]);
    expect(await host.loaded()).toBeUndefined();
  });

  test("a host that hangs: the shepherd's stop ends the wait", async () => {
    const stop = new AbortController();
    const hangs = Promise.withResolvers<undefined>();
    const { host, run } = await rig({
      command: (command) => {
        if (command.includes("takeover.sh")) {
          hangs.resolve(undefined);
          return "hang";
        }
        return "run";
      },
    });
    const taken = run({ signal: stop.signal });
    await Promise.race([hangs.promise, taken]);
    stop.abort(new Error("the shepherd stops"));
    await expect(taken).rejects.toThrow("the shepherd stops");
    expect(await host.left()).toEqual([]);
  });

  test("a host whose key was accepted at the first contact shows another one later: no login is tried", async () => {
    const { host } = await rig();
    const login: SshLogin = {
      target: { user: "root", host: "127.0.0.1", port: host.port },
      hostKey: "accept-new",
      kind: "ssh-password",
      secret: "the host's password",
      mayReach: () => true,
    };
    const { signal } = new AbortController();
    await using first = await sshConnect(login, signal);
    expect(await first.hostKey()).toBeUndefined();
    expect((await first.run("true", { limit: 60, signal })).status).toBe(0);
    expect(await first.hostKey()).toBe(host.hostKey);
    const other = await sshHost();
    onTestFinished(() => other[Symbol.asyncDispose]());
    const hostKey = { by: "key", key: (await first.hostKey()) ?? "" } as const;
    await using second = await sshConnect({ ...login, target: { ...login.target, port: other.port }, hostKey }, signal);
    await expect(second.run("true", { limit: 60, signal })).rejects.toMatchObject({ code: "host_key" });
    expect(other.logins).toEqual([]);
  });

  test("another machine than expected", async () => {
    const otherMachine = () => "its MACs are another machine's";
    await wrong({}, { plan: { otherMachine } }, "other_machine", /another machine's/u);
  });

  test("an agent API that the host does not reach", async () => {
    await wrong(
      {},
      { plan: { agents: { endpoint: "127.0.0.1:1" } } },
      "unsuitable",
      /does not reach the agent API at 127\.0\.0\.1:1.*`farrier shepherd --help` has --agents/u,
    );
  });

  test("a host that answers without end, or with escape sequences, or not as a Linux does", async () => {
    const prints = Buffer.alloc(100 << 20, "x");
    await wrong({ command: () => ({ prints }) }, {}, "limit", /more than 256 KiB/u);
    const { run } = await rig({ command: () => ({ prints: "\u001b]0;owned\u0007\u001b[2Jhello" }) });
    const error: unknown = await run().catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/it said ".*hello"/u);
    expect(isPrintable(String(error))).toBe(true);
  });

  test("an answer that does not repeat what was sent, byte for byte, registers no key", async () => {
    for (const prints of [
      Buffer.alloc(0),
      Buffer.from("hello"),
      forged(Buffer.from("another init")),
      forged(undefined),
    ]) {
      const { run, registered } = await rig({
        command: (command) => (command.includes("takeover.sh") ? { prints } : "run"),
      });
      await expect(run()).rejects.toMatchObject({ code: "program_failed" });
      expect(registered).toEqual([]);
    }
  });

  test("the connection is cut while the kernel is loaded: what it has loaded goes, with the key in it", async () => {
    const { host, run, registered } = await rig({
      kexecSeconds: 2,
      command: (command) => (command.includes("takeover.sh") ? "run-cut" : "run"),
    });
    await expect(run()).rejects.toMatchObject({ code: "unreachable" });
    await waitFor("the host to be done with what it was sent", () => host.running() === 0);
    expect(registered).toEqual([]);
    expect(await host.left()).toEqual([]);
    expect(await host.loaded()).toBeUndefined();
  });

  test("the connection is cut while the key is made, and nobody comes back: no file keeps the key", async () => {
    let cut = false;
    const { host, run } = await rig({
      command: (command) => {
        if (cut) {
          return "cut";
        }
        cut = command.includes("takeover.sh");
        return cut ? "run-cut" : "run";
      },
    });
    await expect(run()).rejects.toMatchObject({ code: "unreachable" });
    await waitFor("the host to be done with what it was sent", () => host.running() === 0);
    const names = await host.left();
    expect(names.join()).toContain("takeover.sh");
    expect(names.filter((name) => /initramfs|key\.der|private|archive|config\.cpio|success|pid/u.test(name))).toEqual(
      [],
    );
  });

  test.each([true, false])(
    "the connection is cut after the host has heard that it is to go: once (systemd: %s)",
    async (systemd) => {
      let told = 0;
      const { host, run, registered } = await rig({
        systemd,
        command: (command) => {
          told += command.includes("go.sh") ? 1 : 0;
          return command.includes("go.sh") && told === 1 ? "run-cut" : "run";
        },
      });
      expect([await run()]).toEqual(registered);
      expect(told).toBe(2);
      await waitFor("the kernel is started", async () => (await host.started()) !== undefined);
      await waitFor("the host to be done with what it was sent", () => host.running() === 0);
      expect(await host.started()).toBe(systemd ? "systemctl kexec" : "kexec -e");
    },
  );

  test("the connection is cut before the host has heard that it is to go, and then it refuses: that is said", async () => {
    let told = 0;
    await wrong(
      {
        goFails: true,
        command: (command) => {
          told += command.includes("go.sh") ? 1 : 0;
          return command.includes("go.sh") && told === 1 ? "cut" : "run";
        },
      },
      {},
      "kexec_refused",
      /no kexec today/u,
    );
  });

  test.each(["refuses the login", "fails to run the command"])(
    "the connection is cut after the host has heard that it is to go, and then it %s: no refusal, its agent will call",
    async (how) => {
      let told = 0;
      const { host, run, registered } = await rig({
        command: (command) => {
          if (!command.includes("go.sh")) {
            return "run";
          }
          told += 1;
          if (how === "refuses the login") {
            host.shape.authorizedKey = sshKeyPair().publicKey;
          }
          return told === 1 ? "run-cut" : { prints: "", status: 1 };
        },
      });
      expect([await run()]).toEqual(registered);
      await waitFor("the kernel is started", async () => (await host.started()) === "systemctl kexec");
      expect(await host.loaded()).toBeDefined();
    },
  );

  test("the connection is cut at each step", async () => {
    const { host: whole, run } = await rig();
    await run();
    for (let at = 0; at < whole.commands.length; at += 1) {
      const { host, run: cut, steps } = await rig({ command: (_command, number) => (number === at ? "cut" : "run") });
      if (at < whole.commands.length - 1) {
        await expect(cut(), steps.join()).rejects.toMatchObject({ code: "unreachable" });
        expect(await host.left(), steps.join()).toEqual([]);
      } else {
        // The host has not heard the last command, which starts the kernel: it is told once more.
        await cut();
        const [first, second] = host.commands.slice(-2);
        expect([first, second]).toEqual([expect.stringContaining("go.sh"), first]);
        expect(await host.started()).toBe("systemctl kexec");
      }
    }
  });
});

/** TakeoverResponse with a key and this init message; undefined = with what was sent first, and again something else. */
function forged(init: Buffer | undefined): Buffer {
  const field = (number: number, data: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, data.length]), data]);
  const key = field(2, Buffer.alloc(32, 1));
  const success = init === undefined ? key : Buffer.concat([field(1, init), key]);
  return field(1, success);
}
