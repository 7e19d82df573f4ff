import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitFor } from "../../../test/support/wait.ts";
import type { Provider } from "../../shepherd/provider.ts";
import { providerConformance } from "../../shepherd/testing/provider-conformance.ts";
import { fileSource } from "../inventory/file-source.ts";
import { inventoryList } from "../inventory/provider.ts";
import { commandProvider, type PowerPrograms } from "./provider.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-command-"));
});
afterEach(() => rm(folder, { recursive: true }));

const live = new AbortController().signal;
const instance = { name: "pdu", settings: "", autostart: false };

async function script(text: string, name = "pdu"): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

/** A power switch that keeps the state of each outlet in a file. */
const outlets = `
case "$1" in
  status) [ -e "$0.$2" ] && cat "$0.$2" || echo off ;;
  on|off) echo "$1" > "$0.$2"; echo "$1 $2 $3" >> "$0.log" ;;
esac`;

async function inventory(text = "id,name\noutlet-1,web1\noutlet-2,web2\n") {
  const path = join(folder, "machines.csv");
  await writeFile(path, text);
  return inventoryList(fileSource(path), { format: "csv", columns: {}, controllers: {} });
}

async function switched(programs: Partial<PowerPrograms> = {}, listed = true): Promise<Provider> {
  const pdu = await script(outlets);
  return commandProvider(
    instance,
    {
      on: [pdu, "on", "{id}", "{boot}"],
      off: [pdu, "off", "{id}"],
      status: [pdu, "status", "{id}"],
      limit: 10_000,
      ...programs,
    },
    listed ? await inventory() : undefined,
  );
}

providerConformance(async () => ({
  provider: await switched(),
  providerId: "outlet-1",
  [Symbol.asyncDispose]: () => Promise.resolve(),
}));

test("without an inventory it switches what is added by hand", async () => {
  const { power, list } = await switched({}, false);
  expect(list).toBeUndefined();
  await power?.set("9", "on", { boot: "network", signal: live });
  expect(await power?.get("9", live)).toBe("on");
  expect(await readFile(join(folder, "pdu.log"), "utf8")).toBe("on 9 network\n");
});

test("nothing that is listed becomes part of a command line: each argument is whole, and none an option", async () => {
  const log = join(folder, "args");
  const program = await script(`for one in "$@"; do printf '%s|' "$one"; done > ${log}; echo off`);
  const provider = commandProvider(
    instance,
    { on: [program], off: [program], status: [program, "{id}", "{location}", "a b", "$(id)"], limit: 10_000 },
    await inventory('id,location\n1,"; rm -rf / $(id) `id` \' x"\n2,--help\n3,\n'),
  );
  expect(await provider.power?.get("1", live)).toBe("off");
  expect(await readFile(log, "utf8")).toBe("1|; rm -rf / $(id) `id` ' x|a b|$(id)|");
  await expect(provider.power?.get("2", live)).rejects.toMatchObject({
    code: "refused",
    message: expect.stringContaining('{location} is "--help"'),
  });
  await expect(provider.power?.get("3", live)).rejects.toMatchObject({
    code: "refused",
    message: expect.stringContaining("wants {location}, which machine 3 does not have"),
  });
});

test.each([
  ["exit 3", "not_found", "ended with status 3 for outlet-1: it said nothing"],
  ["echo no such outlet >&2; exit 4", "refused", "ended with status 4 for outlet-1: no such outlet"],
  ["echo Traceback >&2; exit 1", "unavailable", "ended with status 1 for outlet-1: Traceback"],
  ["kill -9 $$", "unavailable", "was ended by SIGKILL"],
  ["echo maybe", "unavailable", 'printed "maybe" for outlet-1: expected on or off'],
  ["exit 0", "unavailable", 'printed "" for outlet-1: expected on or off'],
  ["printf '\\033[31mno\\n' >&2; exit 1", "unavailable", "\uFFFD[31mno"],
  ["head -c 200000 /dev/zero; exit 1", "unavailable", "ended with status 1"],
])("a status program that does %j", async (text, code, message) => {
  const provider = await switched({ status: [await script(text, "status"), "{id}"] });
  await expect(provider.power?.get("outlet-1", live)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  });
});

test("a missing program, and a file that may not be run", async () => {
  const plain = join(folder, "plain");
  await writeFile(plain, "echo on\n");
  for (const [program, words] of [
    [join(folder, "nowhere"), "(ENOENT)"],
    [plain, "(EACCES)"],
  ] as const) {
    const provider = await switched({ status: [program] });
    await expect(provider.power?.get("outlet-1", live)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining(words),
    });
  }
});

test("where no file can be opened any more, no program is started, and that is the error", async () => {
  const file = JSON.stringify(new URL("run-program.ts", import.meta.url).href);
  const text = `
    import { openSync } from "node:fs";
    import { programRun } from ${file};
    try { for (;;) openSync("/dev/null"); } catch {}
    const { signal } = new AbortController();
    await programRun(["/bin/true"], { limit: 1000, signal }).catch(({ code, message }) => console.log(code, message));`;
  const node = ["-c", 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, text];
  const { stdout } = await promisify(execFile)("sh", node);
  expect(stdout).toBe("unavailable can't start /bin/true (EMFILE): this process has too many files open\n");
});

/** Whether a process of this id lives. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("at the limit the program is ended with all that it started, also what ignores the request to end", async () => {
  const program = await script(
    `trap '' TERM; sh -c 'trap "" TERM; echo $$ > ${join(folder, "child")}; sleep 600' & echo $$ > ${join(folder, "self")}; sleep 600`,
    "hangs",
  );
  const provider = await switched({ status: [program], limit: 1_000 });
  await expect(provider.power?.get("outlet-1", live)).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("did not end within 1 s, and was ended"),
  });
  for (const name of ["self", "child"]) {
    const pid = Number(await readFile(join(folder, name), "utf8"));
    await waitFor(`the end of ${name}`, async () => !lives(pid));
  }
});

test("what a program leaves running in its group goes with it, and does not hold up its answer", async () => {
  const program = await script(`sleep 600 & echo $! > ${join(folder, "left")}; echo on`, "leaves");
  const provider = await switched({ status: [program] });
  expect(await provider.power?.get("outlet-1", live)).toBe("on");
  const pid = Number(await readFile(join(folder, "left"), "utf8"));
  await waitFor("its end", async () => !lives(pid));
});

test("a program that writes without end is ended", async () => {
  const provider = await switched({ status: [await script("exec yes", "floods")], limit: 60_000 });
  await expect(provider.power?.get("outlet-1", live)).rejects.toMatchObject({
    message: expect.stringContaining("wrote without end, and was ended"),
  });
});

test("a caller that gives up before its program's turn does not wait for the others", async () => {
  const go = join(folder, "go");
  const program = await script(`echo >> ${join(folder, "begun")}; while [ ! -e ${go} ]; do sleep 0.05; done; echo on`);
  const provider = commandProvider(
    instance,
    { on: [program], off: [program], status: [program], limit: 600_000 },
    undefined,
  );
  const first = Promise.all(Array.from({ length: 16 }, async () => provider.power?.get("1", live)));
  const begun = async () => (await readFile(join(folder, "begun"), "utf8").catch(() => "")).length;
  await waitFor("as many as may run at once", async () => (await begun()) === 16);
  const stop = new AbortController();
  const later = provider.power?.get("1", stop.signal);
  stop.abort(new Error("enough"));
  await expect(later).rejects.toThrow("enough");
  await writeFile(go, "");
  expect(await first).toEqual(Array(16).fill("on"));
  expect(await begun()).toBe(16);
});

test("a caller that gives up ends the program", async () => {
  const program = await script(`echo $$ > ${join(folder, "self")}; sleep 600`, "slow");
  const provider = await switched({ status: [program], limit: 600_000 });
  const stop = new AbortController();
  const asked = provider.power?.get("outlet-1", stop.signal);
  const pid = await waitFor(
    "the program",
    async () => Number(await readFile(join(folder, "self"), "utf8")) || undefined,
  );
  stop.abort(new Error("enough"));
  await expect(asked).rejects.toThrow("enough");
  await waitFor("its end", async () => !lives(pid));
});

test("a command that does not come true is an error", async () => {
  const provider = await switched({ on: [await script("exit 0", "lies")], limit: 1_000 });
  await expect(provider.power?.set("outlet-1", "on", { signal: live })).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("was to be on, and was not within 1 s"),
  });
});

test("its check says what the programs say of the first machine", async () => {
  expect(await (await switched({}, false)).check?.(live)).toEqual([
    { ok: true, what: expect.stringContaining("its machines are added by hand") },
  ]);
  const good = await switched();
  expect(await good.check?.(live)).toEqual([
    { ok: true, what: expect.stringContaining("can be read: 2 machines") },
    { ok: true, what: "the program for status says that outlet-1 is off" },
  ]);
  const bad = await switched({ status: [await script("exit 1", "broken")] });
  expect((await bad.check?.(live))?.at(-1)).toMatchObject({ ok: false, remedy: expect.stringContaining("by hand") });
});
