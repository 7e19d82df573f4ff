import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MemoryMachine } from "../../src/controllers/simulated/machine.ts";
import { plainShape } from "../../src/controllers/simulated/shape.ts";
import { SimulatedController } from "../../src/controllers/simulated/simulated-controller.ts";
import { farrierServe, farrierStart } from "../support/farrier-process.ts";
import { freePort } from "../support/free-port.ts";
import { lab, must, type Lab } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

const bin = new URL("../../bin/farrier.js", import.meta.url).pathname;

/** Texts that nothing else has in it, for the secrets that the test plants. */
const password = "Zq9-password-planted";
const another = "Zq9-another-planted";
const userData = "Zq9-userdata-planted";
const next = "Zq9-next-planted";
const planted = [password, another, userData, next];

/** The planted texts that something holds: as they are, in base64 or in hex. */
function found(bytes: string | Uint8Array): string[] {
  const text = Buffer.from(bytes).toString("latin1");
  return planted.filter((secret) => {
    // Base64 depends on where in its three bytes a text begins: its middle stands at one of three places.
    const encoded = [0, 1, 2].map((shift) =>
      Buffer.from("x".repeat(shift) + secret)
        .toString("base64")
        .slice(4, -4),
    );
    return [secret, Buffer.from(secret).toString("hex"), ...encoded].some((form) => text.includes(form));
  });
}

/** The command lines and environments of all processes of this host that may be read, but this one's. */
async function processTexts(): Promise<string> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name) && name !== String(process.pid));
  const texts = await Promise.all(
    ids.flatMap((id) =>
      ["cmdline", "environ"].map((name) => readFile(`/proc/${id}/${name}`, "latin1").catch(() => "")),
    ),
  );
  return texts.join("\n");
}

/** Stores the password from standard input, and returns what `ps` can see meanwhile. */
async function createFromStdin(place: Lab): Promise<string> {
  const args = ["credential", "create", "rack7", "--kind", "bmc", "--user", "root", "--secret-file", "-"];
  const child = spawn(
    process.execPath,
    [bin, ...args, "--for", "10.1.7.0/24", "--data-dir", place.dataDir, "--debug"],
    {
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  let said = "";
  child.stdout.on("data", (text: Buffer) => (said += text.toString()));
  child.stderr.on("data", (text: Buffer) => (said += text.toString()));
  const ended = once(child, "close");
  child.stdin.write(password);
  const seen = await waitFor("the command to be seen", async () => {
    const texts = await processTexts();
    return texts.includes("rack7") ? texts : undefined;
  });
  // As echo ends a line.
  child.stdin.end("\r\n");
  expect([await ended.then(([status]) => status as number), said]).toEqual([0, "rack7 stored, for 10.1.7.0/24\n"]);
  return seen + said;
}

test("a planted secret is in no answer, log, error, trace, ps, explain, history, audit or backup; its key is in the backup only if asked for", async () => {
  await using place = await lab();
  await using bmc = await SimulatedController.start({ shape: plainShape, machine: new MemoryMachine() });
  bmc.state.userName = "root";
  bmc.state.password = another;
  // The spans of operators' calls are on standard output, which is looked at with the log.
  const traced = {
    OTEL_TRACES_EXPORTER: "console",
    NODE_OPTIONS: `--import ${new URL("../support/spans-print.ts", import.meta.url).href}`,
  };
  Object.assign(process.env, traced);
  const up = await place.up("--debug").finally(() => {
    for (const name of Object.keys(traced)) {
      Reflect.deleteProperty(process.env, name);
    }
  });
  const looked: string[] = [await createFromStdin(place)];
  const run = async (...args: string[]): Promise<void> => {
    const { stdout, stderr } = await place.cli(...args);
    looked.push(stdout, stderr);
  };
  const file = join(place.folder, "secret");
  await writeFile(file, `${another}\n`);
  await must(place.cli("credential", "rotate", "rack7", "--secret-file", file));
  await writeFile(join(place.folder, "user-data"), `#cloud-config\npassword: ${userData}\n`);
  await place.machine("one");
  const install = [
    "machine",
    "install",
    "one",
    "--image",
    "http://127.0.0.1:1/x.raw",
    "--digest",
    `sha256:${"ab".repeat(32)}`,
  ];
  await must(place.cli(...install, "--disk", "serial=disk0", "--user-data", join(place.folder, "user-data")));

  // Errors: a refused body, and a body under a used request id.
  await writeFile(file, `${another}\n${password}\n`);
  await run("credential", "rotate", "rack7", "--secret-file", file, "--debug");
  await run(
    "credential",
    "create",
    "rack7",
    "--kind",
    "ssh-key",
    "--user",
    "root",
    "--secret-file",
    file,
    "--for",
    "x",
  );
  await writeFile(file, another);
  const again = ["--request-id", "7f9c1a52-3d0e-4c8b-9a41-000000000001", "--secret-file", file];
  await run("credential", "rotate", "rack7", ...again);
  await writeFile(file, password);
  await run("credential", "rotate", "rack7", ...again);
  expect(looked.at(-1)).toContain("was used for another command");
  // A controller: refusals that repeat what was sent, and the change of its password.
  await writeFile(file, `${another}\n`);
  const create = ["credential", "create", "bmc1", "--kind", "bmc", "--user", "root", "--secret-file", file];
  await must(place.cli(...create, "--for", "127.0.0.0/8"));
  await must(place.cli("bmc", "add", bmc.url, "--credential", "bmc1", "--name", "two", "--clear-text"));
  const forms = (secret: string): string =>
    [secret, JSON.stringify(secret), Buffer.from(secret).toString("base64"), encodeURIComponent(secret)].join(" ");
  const said = `${"x".repeat(360)} ${forms(another)} ${forms(next)} ${Buffer.from(`root:${another}`).toString("base64")}`;
  bmc.faults.push({ method: "POST", path: /Reset/u, times: 5, does: { status: 400, id: "X", message: said } });
  await run("machine", "power", "two", "on");
  bmc.faults.push({ method: "PATCH", path: /Accounts/u, does: { status: 400, id: "X", message: said } });
  await writeFile(file, next);
  await run("bmc", "password", "two", "--password-file", file, "--debug");
  expect(looked.at(-1)).toContain("xxxx");
  const changed = await must(place.cli("bmc", "password", "two", "--password-file", file, "--json"));
  looked.push(changed.stdout, changed.stderr);
  expect(bmc.state.password).toBe(next);
  await must(place.cli("bmc", "password", "two"));
  looked.push(await processTexts());
  planted.push(bmc.state.password);
  // It goes on to repeat the passwords before.
  bmc.faults.push({ method: "POST", path: /Reset/u, times: 5, does: { status: 400, id: "X", message: said } });
  await run("machine", "power", "two", "reset");
  expect(looked.at(-1)).toContain("[secret]");
  await run("bmc", "show", "two", "--json");
  await run("bmc", "check", "two");
  await run("bmc", "list");
  await run("machine", "explain", "two");
  await run("machine", "history", "two", "--json");
  await run("secrets", "show", "--json");
  await run("secrets", "give-up");
  await run("bmc", "password", "--help");
  await run("credential", "create", "--help");
  await run("credential", "list", "--json");
  await run("credential", "list");
  await run("machine", "show", "one", "--json");
  await run("machine", "explain", "one");
  await run("machine", "history", "one", "--json");
  await run("installation", "list", "--json");
  await run("audit", "list", "--json");
  await run("session", "list", "--json");
  const backup = join(place.folder, "plain.backup");
  await must(place.cli("backup", backup));
  const whole = join(place.folder, "whole.backup");
  await must(place.cli("backup", whole, "--with-secrets-key"));
  for (const path of ["/metrics", "/readyz"]) {
    looked.push(await (await fetch(up.operators + path)).text());
  }
  await up.end("SIGTERM");
  looked.push(up.stdout, up.stderr);
  expect(up.stderr).toContain("CredentialRotate");
  // That the traces were there to be looked at.
  expect(up.stdout).toContain('span: {"name":"farrier.operator.v1.ControllerService/ControllerPassword"');
  expect(looked.flatMap((text) => found(text))).toEqual([]);

  // The database's files without the key hold none of it either: backups are packed, so their restored databases are checked.
  const restored = async (name: string, from: string): Promise<{ dataDir: string; stderr: string }> => {
    const dataDir = join(place.folder, name);
    const { stderr } = await must(farrierStart(["restore", from, "--data-dir", dataDir], { cwd: place.folder }).ended);
    return { dataDir, stderr };
  };
  const without = await restored("without", backup);
  expect(without.stderr).toMatch(
    /without key [0-9a-f]{16}: 2 credentials and 1 installation requests can't be opened/u,
  );
  const files = await readdir(without.dataDir, { recursive: true, withFileTypes: true });
  expect(files.map(({ name }) => name)).not.toContain("secrets-key");
  for (const entry of files.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    expect([path, found(await readFile(path))]).toEqual([path, []]);
  }
  const addresses = async (): Promise<string[]> => [
    ...[
      "--agents",
      `127.0.0.1:${await freePort()}`,
      "--operators",
      `127.0.0.1:${await freePort()}`,
      "--netboot",
      "off",
    ],
  ];
  // The rest works, also storing anew.
  const server = await farrierServe(["up", "--data-dir", without.dataDir, ...(await addresses())]);
  try {
    await waitFor(
      "it to be ready",
      async () => (await fetch(`${server.operators}/readyz`)).status === 200 || undefined,
    );
    const at = ["--data-dir", without.dataDir];
    const show = await farrierStart(["installation", "show", "one", ...at]).ended;
    expect([show.status, show.stderr]).toEqual([1, expect.stringMatching(/which this process lacks/u)]);
    const explained = await must(farrierStart(["machine", "explain", "one", ...at]).ended);
    expect(explained.stdout).toMatch(
      /the stored request is not handed out, because secrets of this database are sealed/u,
    );
    await waitFor("a new key to be the current one", async () => {
      const rotate = ["credential", "rotate", "rack7", "--secret-file", file, ...at];
      return (await farrierStart(rotate).ended).status === 0 || undefined;
    });
  } finally {
    await server.end("SIGTERM");
  }

  const withKey = await restored("with", whole);
  expect(withKey.stderr).not.toContain("can't be opened");
  const complete = await farrierServe(["up", "--data-dir", withKey.dataDir, ...(await addresses())]);
  try {
    const show = await must(
      farrierStart(["installation", "show", "one", "--json", "--data-dir", withKey.dataDir]).ended,
    );
    expect(found(show.stdout)).toEqual([userData]);
  } finally {
    await complete.end("SIGTERM");
  }
}, 600_000);
