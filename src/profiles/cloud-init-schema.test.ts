import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { programMissing } from "../../test/support/program-missing.ts";
import { cloudInitSchema } from "./cloud-init-schema.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-schema-"));
});
afterAll(() => rm(folder, { recursive: true }));

const bytes = (text: string): Uint8Array => Buffer.from(text);
const config = bytes("#cloud-config\npackages: [nginx]\n");

/** A folder with a program in place of cloud-init. */
async function standIn(script: string): Promise<string> {
  const path = await mkdtemp(join(folder, "bin-"));
  await writeFile(join(path, "cloud-init"), `#!/bin/sh\n${script}\n`);
  await chmod(join(path, "cloud-init"), 0o755);
  return `${path}:/usr/bin:/bin`;
}

test("without cloud-init it is said that the schema was not checked", async () => {
  const empty = join(folder, "empty");
  await mkdir(empty);
  expect(await cloudInitSchema({ path: empty })(config)).toEqual([
    expect.stringMatching(/not checked against cloud-init's schema: .*apt-get install cloud-init/u),
  ]);
});

test("a script, and nothing, are no cloud-config", async () => {
  const check = cloudInitSchema({ path: await standIn("exit 1") });
  expect([await check(bytes("#!/bin/sh\n")), await check(bytes(""))]).toEqual([[], []]);
});

test("it gets the text in a file of its own, which is deleted; its objection is a warning", async () => {
  const seen = join(folder, "seen");
  const path = await standIn(
    `[ "$1 $2" = "schema --config-file" ] || exit 7\ncp "$3" '${seen}'; stat -c %a "$3" > '${seen}.mode'; echo "$3" > '${seen}.file'\n` +
      `echo "Invalid cloud-config $3" >&2; echo "Error: Cloud config schema errors: packages: 7 is not of type 'array'" >&2; exit 1`,
  );
  expect(await cloudInitSchema({ path })(config)).toEqual([
    "cloud-init's schema on the server objects to user_data: Invalid cloud-config user_data; " +
      "Error: Cloud config schema errors: packages: 7 is not of type 'array'",
  ]);
  expect(await readFile(seen, "utf8")).toBe("#cloud-config\npackages: [nginx]\n");
  expect(await readFile(`${seen}.mode`, "utf8")).toBe("600\n");
  await expect(readdir(join((await readFile(`${seen}.file`, "utf8")).trim(), ".."))).rejects.toThrow(/ENOENT/u);
});

test.for([
  ["a program that never ends", "sleep 600", /took too long/u],
  ["a program that fails in another way", "echo Traceback >&2; exit 3", /ended with 3/u],
  [
    "a program that talks without end",
    "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
    /not checked/u,
  ],
] as const)("%s is no objection, and is said", async ([, script, said]) => {
  const check = cloudInitSchema({ path: await standIn(`exec 2>&1\n${script}`), time: 2_000 });
  expect(await check(config)).toEqual([expect.stringMatching(said)]);
});

test("checks wait for each other, and only a few wait", async () => {
  const lock = join(folder, "lock");
  const path = await standIn(`mkdir '${lock}' || exit 9\nsleep 0.1; rmdir '${lock}'`);
  const check = cloudInitSchema({ path });
  const answers = await Promise.all(Array.from({ length: 12 }, () => check(config)));
  expect(answers.filter((answer) => answer.length === 0)).toHaveLength(9);
  expect(answers.flat()).toEqual(Array.from({ length: 3 }, () => expect.stringContaining("too many checks") as string));
});

test("cloud-init itself", async (context) => {
  const missing = await programMissing("cloud-init", "cloud-init");
  context.skip(missing !== undefined, missing);
  const check = cloudInitSchema();
  expect(await check(config)).toEqual([]);
  expect(await check(bytes("#cloud-config\npackages: 7\n"))).toEqual([
    expect.stringMatching(/objects to user_data: .*packages/u),
  ]);
});
