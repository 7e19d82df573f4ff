// Whichever process is killed in an installation, the machine ends up with what was asked for, and nobody has to help.
import { randomInt } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { prng } from "../../src/lib/prng.ts";
import type { QemuMachine } from "../support/qemu-lab.ts";
import { killPhases, killRound, momentOf, momentText, victims } from "../support/qemu-lab-kill.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";

let machine: QemuMachine;
const labOf = qemuLabSuite(async (lab) => {
  machine = await lab.machine("victim", "--memory", "1024", "--disk-size", "1Gi");
  await machine.happened("agent_enrolled", 1);
});

const seed = process.env["FARRIER_TEST_SEED"] ?? String(randomInt(1_000_000));
const random = prng(seed);

test.for(victims)(`killed at random (FARRIER_TEST_SEED=${seed}): the %s`, async (victim, { annotate }) => {
  const moment = momentOf(random);
  await annotate(`${victim}, ${momentText(moment)}`);
  expect(await killRound(labOf(), machine, { victim, moment, word: `kill-${victim}` })).toEqual([]);
});

test.for(killPhases)("a power cut in %s", async (phase) => {
  expect(await killRound(labOf(), machine, { victim: "machine", moment: { phase }, word: `cut-${phase}` })).toEqual([]);
});

test("two machines with one SMBIOS UUID are told apart by their MACs", async () => {
  const lab = labOf();
  await machine.power("off");
  const one = await lab.machine("one", "--memory", "1024", "--disk-size", "1Gi");
  await one.happened("agent_enrolled", 1);
  // The second is made while nothing looks: with the UUID of the first from its beginning.
  await lab.up.end("SIGTERM");
  const other = await lab.machine("other", "--memory", "1024", "--disk-size", "1Gi");
  const file = (name: string) => join(lab.place.dataDir, "lab", name, "machine.json");
  const definition = async (name: string) =>
    JSON.parse(await readFile(file(name), "utf8")) as { uuid: string; nics: { mac: string }[] };
  const { uuid } = await definition(one.name);
  await writeFile(file(other.name), JSON.stringify({ ...(await definition(other.name)), smbiosUuid: uuid }));
  await lab.start();
  await other.happened("agent_enrolled", 1);
  const [first, second] = [await one.show(), await other.show()];
  expect(second.agent?.publicKey).not.toEqual(first.agent?.publicKey);
  expect(first.quarantine).toBeUndefined();
  expect(second.quarantine).toBeUndefined();
  const { stdout } = await lab.place.cli("hardware", "show", other.name, "--json");
  const [nic] = (await definition(other.name)).nics;
  expect(stdout.toLowerCase()).toContain(
    Buffer.from(nic?.mac.replaceAll(":", "") ?? "", "hex")
      .toString("base64")
      .toLowerCase(),
  );
});
