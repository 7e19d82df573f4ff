import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "../../src/cli/app.ts";
import type { Starters } from "../../src/cli/starters.ts";
import { commandFiles } from "../../src/cli/testing/commands.ts";
import { farrierStart } from "../support/farrier-process.ts";
import { lab } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

/** What nothing else has in it. */
const planted = "Zq9-planted";
const digest = `sha256:${"ab".repeat(32)}`;

/** Starts nothing: of the processes only their command lines are looked at. */
const starters = new Proxy({} as Starters, { get: () => () => Promise.resolve(0) });

/** URLs with a user and a password; some are none, or of a kind that is refused. The first one answers that there is no such file. */
const urls = (origin: string): string[] => [
  `http://alice:${planted}@${origin}/none?signature=${planted}`,
  ...["https", "ftp", "oci", "postgresql"].map(
    (scheme) => `${scheme}://alice:${planted}@127.0.0.1:1/x.raw?signature=${planted}`,
  ),
  `https://:${planted}@127.0.0.1:1/x.raw`,
  `http://alice:${planted}@127.0.0.1:1`,
  `https://alice:${planted}@`,
  `//alice:${planted}@127.0.0.1/x.raw`,
  `alice:${planted}@127.0.0.1/x.raw`,
];

/** A line for each command that takes a URL, and each of its flags for one. */
const lines: Readonly<Record<string, readonly string[]>> = {
  "webhook-add.ts URL": ["webhook", "add", "URL", "--name", "NEW", "--allow-private"],
  "image-add.ts --url": ["image", "add", "NEW", "--url", "URL", "--digest", digest],
  "image-add.ts --digest-from": [
    ...["image", "add", "OTHER", "--url", "https://127.0.0.1:1/x.raw", "--digest-from", "URL", "--key", "KEY"],
    ...["--digest-signature", "SIGNATURE"],
  ],
  "machine-install.ts --image": [
    ...["machine", "install", "one", "--image", "URL", "--digest", digest, "--disk", "serial=disk0", "--replace"],
  ],
  "bmc-add.ts URL": ["bmc", "add", "URL", "--credential", "none", "--clear-text"],
  "context-add.ts --url": ["context", "add", "NEW", "--url", "URL", "--token-file", "KEY"],
  "policy-set.ts SOURCE": ["policy", "set", "NEW", "--source", "URL"],
  "profile-create.ts IMAGE": ["profile", "create", "NEW", "--image", "URL", "--disk", "serial=disk0"],
  "--operators": ["machine", "list", "--operators", "URL"],
  "--database-url": ["migrate", "--database-url", "URL"],
  "--cache": ["netboot", "--cache", "URL", "--database-url", "postgresql://127.0.0.1:1/x"],
  "--cache-url": ["up", "--cache-url", "URL"],
  "--media-url": ["up", "--media-url", "URL"],
};

test("every command that takes a URL has a line here", async () => {
  const taken = (await commandFiles()).flatMap(({ file, urls: names }) =>
    names.map((name) => [`${file} ${name}`, name]),
  );
  expect(taken.length).toBeGreaterThan(90);
  expect(taken.filter(([own = "", name = ""]) => !(own in lines) && !(name in lines))).toEqual([]);
});

test("I10: user, password and query of a URL are shown back by no command, list, audit or log", async () => {
  await using place = await lab();
  const up = await place.up("--debug");
  await place.machine("one");
  const [key, signature] = [join(place.folder, "key.pub"), join(place.folder, "signature")];
  await writeFile(key, "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n");
  await writeFile(signature, "x");
  const answers: { words: string; said: string }[] = [];
  const run = async (words: readonly string[]): Promise<number> => {
    let said = "";
    const to = { write: (text: string) => void (said += text) };
    const env = { FARRIER_DATA_DIR: place.dataDir, HOME: place.folder };
    const status = await runCli(words, { starters, stdout: to, stderr: to, env });
    answers.push({ words: words.join(" "), said });
    return status;
  };
  let taken = 0;
  for (const line of Object.values(lines)) {
    for (const [index, url] of urls(new URL(place.images.url).host).entries()) {
      const given = { URL: url, NEW: `n${index}`, OTHER: `d${index}`, KEY: key, SIGNATURE: signature } as Record<
        string,
        string
      >;
      const status = await run(line.map((word) => given[word] ?? word));
      taken += status === 0 ? 1 : 0;
    }
  }
  // Some are good: images and installations with credentials are asked for, and can't be fetched.
  expect(taken).toBeGreaterThan(3);
  await waitFor("the image that can't be fetched", async () => {
    await run(["image", "list", "--json"]);
    return /"failure":\s*"[^"]/u.test(answers.at(-1)?.said ?? "");
  });
  for (const words of [
    ...["image list", "image show n0", "webhook list --json", "context list", "policy show", "profile list --json"],
    ...["machine show one --json", "machine explain one", "machine history one --json", "installation list --json"],
    ...["audit list --json", "audit list", "provider list --json", "work list --json"],
  ]) {
    expect(await run(words.split(" ")), words).toBe(0);
  }
  const database = [`postgresql://alice:${planted}@127.0.0.1:1/x?password=${planted}`, `alice:${planted}@127.0.0.1/x`];
  for (const words of database.map((url) => ["migrate", "--database-url", url])) {
    const { status, stdout, stderr } = await farrierStart(words, { cwd: place.folder }).ended;
    expect(status, stderr).not.toBe(0);
    answers.push({ words: words.join(" "), said: stdout + stderr });
  }
  expect(answers.filter(({ said }) => said.includes(planted))).toEqual([]);
  await up.end("SIGTERM");
  expect(up.stderr).toContain("ImageAdd");
  expect([up.stdout.includes(planted), up.stderr.split("\n").filter((text) => text.includes(planted))]).toEqual([
    false,
    [],
  ]);
});
