// The password and the private key that open running hosts are nowhere but where they are sent, also where a host repeats them.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { beforeEach, expect, test } from "vitest";
import { TakeoverResponseSchema } from "../../gen/cloud/agent/api/takeover_pb.ts";
import { fakeBootImages, sshHost, type SshHost, sshHostMissing, sshKeyPair } from "../support/ssh-host.ts";
import { lab, must } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

beforeEach(async (context) => {
  const missing = await sshHostMissing();
  context.skip(missing !== undefined, missing);
});

const password = "Zq9 ssh/password+planted";

/** Where a text holds one of the secrets: as it is, in base64, in hex, escaped for URLs. */
function found(text: string, secrets: readonly string[]): string[] {
  return secrets.filter((secret) =>
    [
      ...[secret, Buffer.from(secret).toString("hex"), encodeURIComponent(secret)],
      ...[0, 1, 2].map((shift) =>
        Buffer.from("x".repeat(shift) + secret)
          .toString("base64")
          .slice(4, -4),
      ),
    ].some((form) => text.includes(form)),
  );
}

/** The answer of a takeover program that failed. */
function takeoverFailed(message: string): Buffer {
  const response = create(TakeoverResponseSchema, { result: { case: "error", value: { message } } });
  return Buffer.from(toBinary(TakeoverResponseSchema, response));
}

/** The command lines and environments of all processes of this host that may be read, but this one's. */
async function processTexts(): Promise<string> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name) && name !== String(process.pid));
  const read = (path: string): Promise<string> => readFile(path, "latin1").catch(() => "");
  return (
    await Promise.all(ids.flatMap((id) => ["cmdline", "environ"].map((name) => read(`/proc/${id}/${name}`))))
  ).join("\n");
}

test("a planted password and private key of SSH accounts are in no answer, log, error, span, ps, explain, history or audit, also where hosts repeat them", async () => {
  await using place = await lab();
  const key = sshKeyPair();
  const [line = ""] = key.privateKey.split("\n").slice(3);
  const secrets = [password, line];
  const looked: string[] = [];
  /** The words of a host that says what it was told, at the step whose command has this word. */
  const echoes = (secret: string, word: string) => {
    const said = `${"x".repeat(320)} ${secret} ${Buffer.from(secret).toString("base64")} ${JSON.stringify(secret)} `;
    return (command: string) => {
      if (command.includes("takeover.sh")) {
        psAtStep.push(processTexts());
      }
      if (!command.includes(word)) {
        return "run" as const;
      }
      const text = `${said}${"y".repeat(40)}\n`;
      return { prints: word === "takeover.sh" ? takeoverFailed(text) : text, status: 9 };
    };
  };
  const psAtStep: Promise<string>[] = [];
  const images = join(place.folder, "boot-images");
  await mkdir(images);
  await fakeBootImages(images);
  const traced = {
    OTEL_TRACES_EXPORTER: "console",
    NODE_OPTIONS: `--import ${new URL("../support/spans-print.ts", import.meta.url).href}`,
  };
  Object.assign(process.env, traced);
  const up = await place.up("--debug", "--boot-images", images).finally(() => {
    for (const name of Object.keys(traced)) {
      Reflect.deleteProperty(process.env, name);
    }
  });
  const run = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await place.cli(...args);
    looked.push(stdout, stderr);
    return stdout + stderr;
  };
  for (const [kind, secret] of [
    ["ssh-password", password],
    ["ssh-key", key.privateKey],
  ] as const) {
    const file = join(place.folder, kind);
    await writeFile(file, secret, { mode: 0o600 });
    const creation = ["credential", "create", kind, "--kind", kind, "--user", "root", "--for", "127.0.0.1/32"];
    const made = await must(place.cli(...creation, "--secret-file", file));
    looked.push(made.stdout, made.stderr);
  }
  // Each step at which a host is asked something, by either kind; a takeover that goes through; and a login that is refused.
  const cases = [
    ...["sh -s", "mount -t tmpfs", "cpio -idm", "takeover.sh", "go.sh"].map((word) => ["ssh-password", word] as const),
    ...["mount -t tmpfs", "takeover.sh"].map((word) => ["ssh-key", word] as const),
    ["ssh-password", "nothing repeats it"],
    ["ssh-password", "refused"],
  ] as const;
  await using stack = new AsyncDisposableStack();
  const causes: string[] = [];
  const hosts: SshHost[] = [];
  for (const [n, [kind, word]] of cases.entries()) {
    const secret = kind === "ssh-key" ? key.privateKey : password;
    const host = stack.use(
      await sshHost({
        authorizedKey: key.publicKey,
        password: word === "refused" ? "another" : password,
        command: echoes(secret, word),
      }),
    );
    const name = `host${n}`;
    const account = ["--ssh", `root@127.0.0.1:${host.port}`, "--credential", kind, "--ssh-host-key", host.hostKey];
    await run("machine", "add", name, ...account, "--start-agent", "--debug");
    hosts.push(host);
  }
  const { machines } = await place.client();
  for (const [n, host] of hosts.entries()) {
    const machine = `host${n}`;
    await waitFor(`${machine} to have been tried`, async () => {
      const { entries } = await machines.machineHistory({ machine, pageSize: 100 });
      return entries.some(({ event }) => event === "work_failed") || (await host.started()) !== undefined;
    });
    causes.push(await run("machine", "explain", machine));
    await run("machine", "history", machine, "--json");
  }
  await run("machine", "show", "host0", "--json");
  // What the hosts said was shown, without the secret.
  for (const [n, [, word]] of cases.entries()) {
    if (word !== "nothing repeats it" && word !== "refused") {
      expect([word, causes[n]]).toEqual([word, expect.stringContaining("[secret]")]);
    }
  }
  for (const args of [
    ["credential", "list", "--json"],
    ["machine", "list", "--json"],
    ["audit", "list", "--json"],
    ["session", "list", "--json"],
    ["credential", "delete", "ssh-key"],
  ]) {
    await run(...args);
  }
  for (const path of ["/metrics", "/readyz"]) {
    looked.push(await (await fetch(up.operators + path)).text());
  }
  const seen = await Promise.all(psAtStep);
  // That the client was running when processes were looked at, and its helper's directory was named to it.
  expect(seen.join("\n")).toContain("FARRIER_SSH_SECRET=");
  looked.push(...seen);
  await up.end("SIGTERM");
  looked.push(up.stdout, up.stderr);
  expect(up.stdout).toContain("span: {");
  expect(looked.flatMap((text) => found(text, secrets))).toEqual([]);
}, 300_000);
