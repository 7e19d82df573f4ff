// `npm run demo -- rollout [--without-lab] [--built FILE]`: an image by its name, a profile, and a rollout over 200 simulated
// machines and two lab machines, of which 7 fail. Its rule stops it, the control plane is killed twice, it goes on, and
// `retry-failed` ends it. Both lab machines come up, and `machine ssh` reaches one by the host key that it reported.
// It exits with 0 only if each machine got one generation, and those that had failed a second one. `--built` uses an image that
// `farrier image build debian` made before.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { qemuDirectory } from "../src/lab/directory.ts";
import { qmpConnect } from "../src/lab/qmp.ts";
import { biosImage } from "../test/support/bios-image.ts";
import { freePort } from "../test/support/free-port.ts";
import { sshKeyPair } from "../test/support/ssh-host.ts";
import { sshAgent } from "./ssh-agent.ts";
import { demoStage } from "./demo-stage.ts";
import { imageServe } from "./image-serve.ts";

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { "without-lab": { type: "boolean", default: false }, built: { type: "string" } },
});
const agents = 200;
const failing = 7;
const labMachines = values["without-lab"] ? [] : ["lab-1", "lab-2"];
const all = agents + labMachines.length;
/** An address of this host that the systems take too: QEMU's guests have none that can be reached. */
const [address, port] = ["127.9.4.6", await freePort()];

await using stack = new AsyncDisposableStack();
const key = sshKeyPair();
// ssh takes keys from its agent: one with this key alone.
const opened = stack.use(await sshAgent(key.privateKey));
process.env["SSH_AUTH_SOCK"] = opened.socket;
const stage = stack.use(await demoStage("rollout"));
const { directory, tell, farrier, quietly } = stage;

/** How far the rollout is, as its JSON says. */
interface Standing {
  rollout: { state: string; counts: Partial<Record<"good" | "failed" | "waiting" | "requested", number>> };
}

async function standing(): Promise<Standing["rollout"]> {
  // Unreachable for a moment after a kill.
  const { rollout } = JSON.parse(await quietly("rollout", "show", "tonight", "--json")) as Standing;
  return rollout;
}

/** Waits until it has this state and nothing of it runs. Kills the control plane when `killAt` machines are good. */
async function until(state: string, killAt: number): Promise<void> {
  let killed = false;
  await stage.until(`the rollout to be ${state}`, labMachines[0] ?? "", async () => {
    const { state: now, counts } = await standing();
    if (!killed && now === "ROLLOUT_STATE_RUNNING" && (counts.good ?? 0) >= killAt) {
      killed = true;
      tell(
        `${counts.good} machines are good, ${counts.requested ?? 0} are under way: server and shepherd are killed, and come back`,
      );
      await stage.upKill();
      await stage.up(...reports);
    }
    return now === `ROLLOUT_STATE_${state}` && (counts.requested ?? 0) === 0;
  });
  if (!killed) {
    throw new Error(`the rollout was ${state} before ${killAt} machines were good: nothing was killed`);
  }
}

const reports = labMachines.length === 0 ? [] : ["--came-up", `127.0.0.1:${await freePort()}`];
let image = values.built ?? join(directory, "image.raw");
if (labMachines.length === 0) {
  await writeFile(image, biosImage());
} else {
  tell("What agents run in, and a Debian to install, both made of Debian's packages");
  await farrier("boot-image", "build", "--drivers", "lab");
  if (values.built === undefined) {
    image = join(directory, "debian.raw.zst");
    await farrier("image", "build", "debian", "--out", image);
  }
}

tell("A control plane, on an embedded PostgreSQL, for this run only");
await stage.up(...reports);

tell(
  `${agents} simulated machines, of which ${failing} fail once${labMachines.length === 0 ? "" : ", and two lab machines"}`,
);
const fleet = ["--agents", String(agents), "--failing", String(failing), "--installs", "0", "--interval", "5"];
stage.start("simulate", "simulate", ...fleet, "--seed", "tonight", "--duration", "7200");
if (labMachines.length > 0) {
  await farrier("lab", "up", "--machines", "2", "--memory", "1536", "--disk-size", "4Gi");
}
await stage.until("each machine to be ready", labMachines[0] ?? "", async () => {
  const text = await quietly("machine", "count", "--state", "ready");
  return new RegExp(`\\b${all}\\b`, "u").test(text);
});

tell("An image by its name, checked and cached; and what to install with it");
const served = stack.use(await imageServe(image, 0));
await farrier("image", "add", "debian-12", "--url", served.url, "--cache", "--wait");
await stage.until("the cache to have it", labMachines[0] ?? "", async () =>
  /^cached +at http:/mu.test(await quietly("image", "show", "debian-12")),
);
const profile = join(directory, "web.yaml");
await writeFile(
  profile,
  [
    "name: web",
    "image: debian-12",
    "disk: max=250G",
    ...(labMachines.length === 0 ? [] : ["grow: true", "user: admin", `ssh_keys: ["${key.publicKey}"]`]),
    "expect: { came_up: true, within: 1h }",
    "user_data: |",
    "  #cloud-config",
    "  hostname: {{ machine.name | yaml }}",
    "  bootcmd:",
    `    - [ip, address, replace, ${address}/32, dev, lo, scope, global]`,
    "",
  ].join("\n"),
);
await farrier("profile", "apply", "-f", profile);

tell("The rollout: one machine, then ten, then the rest; after 4 failures no more are begun");
const rule = ["--waves", "1,10,rest", "--stop-after", "4", "--name", "tonight"];
await farrier("rollout", "create", "--profile", "web", "--all-in", "fleet", ...rule);
await farrier("rollout", "plan", "tonight", "--limit", "5");
await farrier("rollout", "start", "tonight");
await until("STOPPED", 20);
await farrier("rollout", "show", "tonight");
const stopped = await standing();
if ((stopped.counts.failed ?? 0) < 4 || (stopped.counts.waiting ?? 0) === 0) {
  throw new Error("the rule did not stop the rollout while machines waited");
}

tell("An operator has looked, and it goes on; the control plane is killed once more");
await farrier("rollout", "resume", "tonight");
await until("DONE", (stopped.counts.good ?? 0) + 20);
await farrier("rollout", "show", "tonight");
if ((await standing()).counts.failed !== failing) {
  throw new Error(`not ${failing} machines failed`);
}

tell("Those that failed, again");
await farrier("rollout", "retry-failed", "tonight");
await stage.until("the rollout's end", labMachines[0] ?? "", async () => (await standing()).counts.good === all);
await farrier("rollout", "show", "tonight");

tell("Each machine got one generation, and those that had failed a second one");
const machines = JSON.parse(await quietly("rollout", "plan", "tonight", "--limit", String(all), "--json")) as {
  machines: { name: string; generation: string }[];
};
const twice = machines.machines.filter(({ generation }) => generation === "2");
const wrong = machines.machines.filter(({ generation }) => generation !== "1" && generation !== "2");
process.stdout.write(`${machines.machines.length} machines, ${twice.length} of them with a second generation\n`);
if (machines.machines.length !== all || twice.length !== failing || wrong.length > 0) {
  throw new Error(`other generations were requested: ${wrong.map(({ name }) => name).join(", ")}`);
}

for (const machine of labMachines) {
  tell(`${machine} came up`);
  const shown = await farrier("machine", "show", machine);
  if (!/^came up +/mu.test(shown)) {
    throw new Error(`${machine} did not say that it came up`);
  }
}
const [first] = labMachines;
if (first !== undefined) {
  tell("A login, by the host key that it reported");
  await using qmp = await qmpConnect(qemuDirectory(join(stage.dataDir, "lab"), first));
  await qmp.execute("human-monitor-command", {
    "command-line": `hostfwd_add net0 tcp:${address}:${port}-10.0.2.15:22`,
  });
  const words = ["--user", "admin", "--address", address, "--port", String(port)];
  const login = await farrier("machine", "ssh", first, ...words, "--", "hostname");
  if (login !== first) {
    throw new Error(`the login answered "${login}": expected ${first}`);
  }
}
tell("Done");
