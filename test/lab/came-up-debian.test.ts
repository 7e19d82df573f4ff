// A Debian with cloud-init says that it came up, and is reached by the host keys that it reported.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { MachineState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { qemuDirectory } from "../../src/lab/directory.ts";
import { qmpConnect } from "../../src/lab/qmp.ts";
import { imageServe } from "../../tools/image-serve.ts";
import { debianImage } from "../support/debian-host.ts";
import { freePort } from "../support/free-port.ts";
import { must } from "../support/lab.ts";
import { programMissing } from "../support/program-missing.ts";
import { machineReady, profileMake } from "../support/qemu-lab-profile.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";
import { sshKeyPair } from "../support/ssh-host.ts";

// QEMU's guests reach a listener on loopback by the address that they have for it.
const labOf = qemuLabSuite(async () => {}, ["--came-up", `127.0.0.1:${await freePort()}`]);

test("a Debian by cloud-init: its addresses and host keys, by which `machine ssh` reaches it", async (context) => {
  const missing = (await programMissing("mmdebstrap", "mmdebstrap")) ?? (await programMissing("ssh", "openssh-client"));
  context.skip(missing !== undefined, missing);
  const lab = labOf();
  const { place } = lab;
  await using stack = new AsyncDisposableStack();
  const served = stack.use(await imageServe(await debianImage(), 0));
  const { privateKey, publicKey } = sshKeyPair();
  // QEMU's guests have an address that no other host reaches: this one is reached by a forwarded port.
  const [address, port] = ["127.9.4.5", await freePort()];
  await profileMake(
    place,
    "debian",
    served.url,
    [
      "expect: { came_up: true, within: 1h }",
      "grow: true",
      "user: admin",
      `ssh_keys: ["${publicKey}"]`,
      "user_data: |",
      "  #cloud-config",
      "  bootcmd:",
      `    - [ip, address, replace, ${address}/32, dev, lo, scope, global]`,
      "",
    ].join("\n"),
  );
  const machine = await machineReady(lab, "deb", "--memory", "1536", "--disk-size", "4Gi");
  const installed = await must(place.cli("machine", "install", machine.name, "--profile", "debian", "--wait"));
  expect(installed.stdout).toMatch(/: generation 1 installed; it came up at .*10\.0\.2\.15/u);
  const { cameUp, standing } = await machine.show();
  expect(standing?.state).toBe(MachineState.INSTALLED);
  expect(cameUp?.report?.sshHostKeys.join("\n")).toMatch(/^ssh-ed25519 /mu);
  expect((await must(place.cli("machine", "show", machine.name))).stdout).toMatch(/host key +SHA256:/u);

  {
    await using qmp = await qmpConnect(qemuDirectory(join(place.dataDir, "lab"), machine.name));
    const line = `hostfwd_add net0 tcp:${address}:${port}-10.0.2.15:22`;
    expect(await qmp.execute("human-monitor-command", { "command-line": line })).toBe("");
  }
  const key = join(place.folder, "key");
  await writeFile(key, privateKey, { mode: 0o600 });
  // ssh takes keys from the agent of its environment: one with this key alone.
  const { stdout: agent } = await promisify(execFile)("ssh-agent", ["-s"]);
  const variable = (name: string): string => new RegExp(`${name}=([^;]+);`, "u").exec(agent)?.[1] ?? "";
  stack.defer(() => void process.kill(Number(variable("SSH_AGENT_PID"))));
  const before = process.env["SSH_AUTH_SOCK"];
  process.env["SSH_AUTH_SOCK"] = variable("SSH_AUTH_SOCK");
  stack.defer(() => {
    if (before === undefined) {
      delete process.env["SSH_AUTH_SOCK"];
    } else {
      process.env["SSH_AUTH_SOCK"] = before;
    }
  });
  await promisify(execFile)("ssh-add", ["-q", key]);
  const words = ["--user", "admin", "--address", address, "--port", String(port)];
  const login = await must(place.cli("machine", "ssh", machine.name, ...words, "--", "cat", "/etc/hostname"));
  expect(login.stdout.trim()).toBe(cameUp?.report?.hostName);
  await machine.power("off");
});
