// `npm run demo -- servers`: lab machines behind management controllers, Redfish and IPMI. Each goes from nothing to
// installed with two commands; one loses its power in the midst of that, and is brought back; a third was running
// before Farrier knew it, and is left alone.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { printedCommands } from "../src/cli/testing/printed-words.ts";
import { embeddedReach } from "../src/database/embedded/embedded-reach.ts";
import { ipmiPrograms } from "../src/lab/programs.ts";
import { imageServer } from "../test/support/image-server.ts";
import { demoStage } from "./demo-stage.ts";

const [web, db, old] = ["web-1", "db-1", "old-1"] as const;
const shape = ["--machines", "1", "--disk-size", "1Gi"];

await ipmiPrograms();
await using stack = new AsyncDisposableStack();
const stage = stack.use(await demoStage("servers"));
const { directory, dataDir, tell, farrier, story } = stage;

tell("What agents run in, and a tiny system to install, made of Debian's packages");
await farrier("boot-image", "build", "--drivers", "lab");
const image = join(directory, "tiny.raw.zst");
await farrier("image", "build", "tiny", "--out", image);
const bytes = await readFile(image);
const images = stack.use(await imageServer());
const quick = images.serve("tiny.raw.zst", bytes);
// Ten seconds and more, to have a midst.
const slow = images.serve("slow.raw.zst", bytes, { bytesPerSecond: 1 << 20 });

tell("A control plane, on an embedded PostgreSQL, for this run only");
await stage.up();
await agentLostAfter("45 s");

tell("Three machines, each behind a management controller: two by Redfish, one by IPMI");
const commands = new Map<string, string[][]>();
for (const [name, controller] of [
  [web, "redfish"],
  [db, "ipmi"],
  [old, "redfish"],
] as const) {
  const made = await farrier(
    "lab",
    "up",
    ...shape,
    "--name-prefix",
    name.replace(/-1$/u, ""),
    "--controller",
    controller,
  );
  commands.set(name, printedCommands(made));
}

tell(`${old} is running already: somebody else's, as far as anybody knows`);
await farrier("lab", "power", old, "on");
const ran = await qemuOf(old);

tell("Known: the first command of each, as it was printed (and once the password of all)");
const isBmcAdd = ([noun]: string[]): boolean => noun === "bmc";
for (const words of commands.get(web)?.filter((one) => !isBmcAdd(one)) ?? []) {
  await farrier(...words);
}
for (const name of [web, db, old]) {
  for (const words of commands.get(name)?.filter(isBmcAdd) ?? []) {
    await farrier(...words);
  }
}
await farrier("bmc", "list");

tell(`${old} has power, so it is left as it is, until an operator says otherwise`);
await farrier("machine", "explain", old);

tell(`Installed: the second command. ${web}'s controller starts it into the network boot meanwhile`);
await install(web, quick, "--wait");
await farrier("machine", "show", web);

tell(`${db} loses its power in the midst of writing its disk`);
await install(db, slow);
await stage.until("bytes on its disk", db, async () =>
  /"phase":"writing"|writing/u.test(await stage.quietly("machine", "explain", db)),
);
await farrier("lab", "power", db, "off");
await farrier("machine", "explain", db);

tell("Its agent is lost after 45 s of silence (here; 10 minutes otherwise), and its controller brings it back");
await stage.until("it to be installed", db, async () => (await story(db)).includes("installation_succeeded"));
await farrier("machine", "history", db);

tell("All of them, and what their controllers say");
await farrier("machine", "list");
await farrier("machine", "power", web, db, old, "status");
const events = await story(db);
const once = events.filter((event) => event === "installation_succeeded").length;
if (once !== 1 || !events.includes("agent_lost")) {
  throw new Error(`${db} was not lost and installed once: ${events.join(", ")}`);
}
if (ran === "" || (await qemuOf(old)) !== ran) {
  throw new Error(`${old} was not left alone: its QEMU is another process than before`);
}
process.stdout.write(`${old} has run all the time, as process ${ran}\n`);
tell("Done");

async function install(name: string, served: { url: string; digest: string }, ...flags: string[]): Promise<void> {
  const source = ["--image", served.url.replace("127.0.0.1", "10.0.2.2"), "--digest", served.digest];
  await farrier("machine", "install", name, ...source, "--disk", "min=1G", ...flags);
}

/** The process of a lab machine. */
async function qemuOf(name: string): Promise<string> {
  const pid = (await readFile(join(dataDir, "lab", name, "pid"), "utf8")).trim();
  return readFile(`/proc/${pid}/cmdline`, "utf8").then(
    (words) => (words.includes("qemu") ? pid : ""),
    () => "",
  );
}

async function agentLostAfter(silence: string): Promise<void> {
  await using reach = await embeddedReach(join(dataDir, "postgres"));
  const client = new pg.Client({ ...reach.connection });
  await client.connect();
  try {
    await client.query("UPDATE agent_silence SET heartbeat = $1::interval", [silence]);
  } finally {
    await client.end();
  }
}
