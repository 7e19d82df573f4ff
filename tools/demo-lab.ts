// `npm run demo -- lab [--image debian|tiny] [--built FILE]`: from an empty machine that can only boot from the network
// to an operating system that prints its login prompt and a file that cloud-init wrote; then a power cycle, after which
// nothing is installed again. Everything is in a temporary directory and on free ports; fetched Debian packages stay in
// the user's cache. `--built` uses an image that `farrier image build` made before.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { demoStage } from "./demo-stage.ts";
import { imageServe } from "./image-serve.ts";

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { image: { type: "string", default: "debian" }, built: { type: "string" } },
});
if (values.image !== "debian" && values.image !== "tiny") {
  process.stderr.write(`there is no image "${values.image}": expected --image debian or --image tiny\n`);
  process.exit(2);
}
const isDebian = values.image === "debian";
const machine = "lab-1";

await using stack = new AsyncDisposableStack();
const stage = stack.use(await demoStage("lab"));
const { directory, tell, farrier } = stage;

async function bootsFromNetwork(): Promise<number> {
  return (await stage.log()).split("a machine boots from the network").length - 1;
}

tell("What agents run in, made of Debian's packages");
await farrier("boot-image", "build", "--drivers", "lab");

tell("A control plane, on an embedded PostgreSQL, for this run only");
await stage.up();

tell("An empty machine: it knows nothing but how to boot from the network");
await farrier("lab", "up", "--machines", "1");
const story = (): Promise<string[]> => stage.story(machine);
await stage.until("its agent", machine, async () =>
  (await story().catch((): string[] => [])).includes("agent_enrolled"),
);
await farrier("machine", "list");
await stage.until("its hardware report", machine, async () => (await story()).includes("hardware_reported"));
await farrier("hardware", "show", machine);

const image = values.built ?? join(directory, `${values.image}.raw.zst`);
if (values.built === undefined) {
  tell(isDebian ? "A Debian to install, made of Debian's packages (a minute or two)" : "A tiny system to install");
  await farrier("image", "build", values.image, "--out", image);
}
const digest = (await readFile(`${image}.sha256`, "utf8")).trim().split(/\s/u)[0] ?? "";
const served = stack.use(await imageServe(image, 0));
const url = served.url.replace("127.0.0.1", "10.0.2.2");

/** User data that a Debian's cloud-init writes to a file and shows, and that the tiny system shows unchanged. */
async function seedWrite(word: string): Promise<string> {
  const file = join(directory, `user-data-${word}`);
  const lines = [
    "#cloud-config",
    `# this is the ${word} installation`,
    "write_files:",
    "  - path: /etc/farrier-demo",
    `    content: "cloud-init wrote this file in the ${word} installation\\n"`,
    // Its power is cut once this is read.
    "runcmd:",
    "  - [sh, -c, 'sync; echo; cat /etc/farrier-demo > /dev/ttyS0']",
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  return file;
}

const sign = (word: string): string =>
  isDebian ? `cloud-init wrote this file in the ${word} installation` : `this is the ${word} installation`;

async function install(word: string): Promise<void> {
  const after = (await stage.console(machine)).length;
  const source = ["--image", url, "--digest", digest, "--disk", "min=1G"];
  const more = isDebian ? ["--grow"] : [];
  await farrier("machine", "install", machine, ...source, ...more, "--user-data", await seedWrite(word), "--wait");
  if (isDebian) {
    await stage.says(machine, "login:", after);
  }
  await stage.says(machine, sign(word), after);
}

tell("The first installation");
await install("first");
await farrier("machine", "show", machine);

tell("A power cycle: it boots from its own disk, and nothing is installed");
const [before, asked, after] = [await story(), await bootsFromNetwork(), (await stage.console(machine)).length];
await farrier("lab", "power", machine, "off");
await farrier("lab", "power", machine, "on");
// A Debian does not repeat its first boot's commands.
await stage.says(machine, isDebian ? "login:" : sign("first"), after);
if ((await story()).length !== before.length || (await bootsFromNetwork()) !== asked) {
  throw new Error(`the power cycle came to more than a boot from the disk: ${(await story()).join(", ")}`);
}

tell("The second installation: once, and by the power switch; its agent left a while ago");
await install("second");
await farrier("machine", "history", machine);
const events = await story();
const count = (event: string): number => events.filter((one) => one === event).length;
if (count("installation_succeeded") !== 2 || count("installation_requested") !== 2) {
  throw new Error("there were not two installations, one for each request");
}
tell("Done");
