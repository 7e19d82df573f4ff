import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { farrierServe, farrierStart } from "../support/farrier-process.ts";
import { freePort } from "../support/free-port.ts";
import { lab, must } from "../support/lab.ts";

test("a running control plane is backed up, and comes back from the file as it was", async () => {
  await using place = await lab();
  const up = await place.up();
  const machine = await place.machine("one", { labels: ["rack=7"] });
  const file = join(place.folder, "farrier.backup");
  const saved = await must(place.cli("backup", file));
  expect(saved.stdout).toMatch(/farrier\.backup: \d+ tables and the data directory's keys, as of 2\d{3}-/u);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  // Not one of its secrets can be read in passing.
  const token = await readFile(join(place.dataDir, "operator-token"), "utf8");
  expect((await readFile(file)).includes(token.trim())).toBe(false);

  // What runs, and what holds something else, is left as it is.
  const busy = await place.cli("restore", file);
  expect([busy.status, busy.stderr]).toEqual([1, expect.stringMatching(/in use by process/u)]);
  await up.end("SIGTERM");
  const full = await place.cli("restore", file);
  expect([full.status, full.stderr]).toEqual([1, expect.stringMatching(/this database is not empty/u)]);
  const stopped = await must(place.cli("backup", join(place.folder, "second.backup")));
  expect(stopped.stdout).toContain("tables");

  const dataDir = join(place.folder, "restored");
  const restored = await must(farrierStart(["restore", file, "--data-dir", dataDir], { cwd: place.folder }).ended);
  expect(restored.stdout).toMatch(/^restored \d+ tables \(\d+ rows\) as of /u);
  for (const name of ["operator-token", "tls/ca.pem", "tls/ca-key.pem", "tls/server.pem"]) {
    expect(await readFile(join(dataDir, name))).toEqual(await readFile(join(place.dataDir, name)));
  }
  const addresses = ["--agents", `127.0.0.1:${await freePort()}`, "--operators", `127.0.0.1:${await freePort()}`];
  const again = await farrierServe(["up", "--data-dir", dataDir, ...addresses]);
  try {
    const shown = await must(farrierStart(["machine", "show", "one", "--json", "--data-dir", dataDir]).ended);
    expect(JSON.parse(shown.stdout)).toMatchObject({ machine: { id: machine.id, labels: { rack: "7" } } });
  } finally {
    await again.end("SIGTERM");
  }
}, 300_000);

test("what is no backup, or no control plane, is told", async () => {
  await using place = await lab();
  const none = await place.cli("backup", join(place.folder, "x"));
  expect([none.status, none.stderr]).toEqual([
    1,
    expect.stringMatching(/there is no embedded database in .*--database-url/u),
  ]);
  const missing = await place.cli("restore", join(place.folder, "x"));
  expect([missing.status, missing.stderr]).toEqual([2, expect.stringMatching(/there is no file/u)]);
  await writeFile(join(place.folder, "x"), "not a backup");
  await mkdir(place.dataDir, { mode: 0o700 });
  const wrong = await place.cli("restore", join(place.folder, "x"));
  expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringMatching(/is not a backup, or it is damaged/u)]);
});
