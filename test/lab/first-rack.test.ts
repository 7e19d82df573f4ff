// docs/servers.md, "A first rack in ten commands", as it is printed, on a rack of lab machines.
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replaced, terminalBlock } from "../support/document.ts";
import { must } from "../support/lab.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";
import { tinyServed } from "../support/qemu-lab-story.ts";
import { processGroup } from "../support/process-group.ts";
import { root } from "../support/repository.ts";

const labOf = qemuLabSuite();

test("a first rack in ten commands", async () => {
  const { place } = labOf();
  const shape = ["--memory", "1024", "--disk-size", "1Gi"];
  await must(place.cli("lab", "up", "--machines", "2", "--name-prefix", "rack", "--controller", "redfish", ...shape));
  const listed = JSON.parse((await must(place.cli("lab", "list", "--json"))).stdout) as { controller: string }[];
  await copyFile(join(place.dataDir, "lab/.controllers/password"), join(place.folder, "rack7.password"));
  await must(place.cli("lab", "power", "rack-2", "on"));
  const { image } = await tinyServed(labOf());

  const bin = join(root, "bin/farrier.js");
  const commands = await terminalBlock("docs/servers.md", "rack");
  expect(commands.trim().split("\n")).toHaveLength(10);
  const script = replaced(commands, {
    "boot-image build": "boot-image build --drivers lab",
    "--user farrier": "--user admin",
    "10.1.7.0/24": "127.0.0.1/32",
    "https://10.1.7.21": listed[0]?.controller ?? "",
    "https://10.1.7.22": listed[1]?.controller ?? "",
    // It runs until Ctrl-C.
    "farrier machine list --watch": `timeout --signal INT 5 ${process.execPath} ${bin} machine list --watch || [ $? = 124 ]`,
    "https://images.example.org/debian-13.raw.zst": image.url,
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08": image.digest,
    "min=100G": "min=1M",
  });
  const farrier = `farrier() { echo "$ farrier $*"; ${process.execPath} ${bin} "$@"; }\n`;
  const env = { FARRIER_DATA_DIR: place.dataDir };
  await using run = processGroup(`${farrier}${script}`, { cwd: place.folder, env });
  expect(await run.ended, run.output.slice(-3000)).toBe(0);
  // Before it was allowed, what ran on web2 was left as it is.
  expect(run.output).toMatch(/^web1: generation 1 installed$/mu);
  expect(run.output).toMatch(/^web1: power is on$/mu);
  expect((await must(place.cli("machine", "history", "web2"))).stdout).toContain("agent_start_allowed");
});
