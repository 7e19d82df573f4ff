import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2, { type Connection, type ServerChannel } from "ssh2";
import { hostDirectoryPrefix } from "../../src/shepherd/takeover/scripts.ts";
import { programMissing } from "./program-missing.ts";

/** What a fake host is like. Everything has a value by which a takeover succeeds. */
export interface SshHostShape {
  user: string;
  password: string;
  /** `TYPE BASE64` of the key that opens it. */
  authorizedKey: string;
  root: "yes" | "sudo" | "no";
  architecture: string;
  /** KiB */
  memoryTotal: number;
  memoryAvailable: number;
  kexecDisabled: "0" | "1";
  kexec: boolean;
  lockdown: string;
  container: string;
  uuid: string;
  /** JSON of `ip -j -d address`, `ip -j route`. */
  addresses: string;
  routes: string;
  resolver: string;
  /** Which of the two kexec calls the kernel refuses. */
  kexecRefuses: "none" | "file" | "both";
  /** Whether systemd runs on it. */
  systemd: boolean;
  /** Whether the loaded kernel can't be started. */
  goFails: boolean;
  /** Seconds that the kernel takes to load another one. */
  kexecSeconds: number;
  /**
   * Called for each command, before it runs. A text is printed instead of running it; "cut" ends the connection; "run-cut"
   * ends it while the command runs; "hang" does nothing.
   */
  command?: (
    command: string,
    number: number,
  ) => "run" | "cut" | "run-cut" | "hang" | { prints: Buffer | string; status?: number };
}

/** A host that is reached by SSH: real SSH, real shells, a made-up kernel. */
export interface SshHost extends AsyncDisposable {
  port: number;
  /** Where its files are. */
  folder: string;
  /** `TYPE BASE64` */
  hostKey: string;
  shape: SshHostShape;
  /** All commands so far. */
  commands: string[];
  /** Logins so far, by their method. */
  logins: string[];
  /** The kernel's archive as it was loaded: kernel, initramfs with all that is behind it, command line. */
  loaded(): Promise<{ vmlinuz: Buffer; initramfs: Buffer; commandLine: string } | undefined>;
  /** How the loaded kernel was started, a line for each time; undefined = it was not. */
  started(): Promise<string | undefined>;
  /** The number of commands that still run on it. */
  running(): number;
  /** All files on it that takeovers have left. */
  left(): Promise<string[]>;
}

const { Server, utils } = ssh2;

/** Why there can't be such a host here, for `context.skip`; undefined = there can. */
export async function sshHostMissing(): Promise<string | undefined> {
  for (const [program, debianPackage] of [
    ["ssh", "openssh-client"],
    ["busybox", "busybox-static"],
    ["openssl", "openssl"],
  ] as const) {
    const missing = await programMissing(program, debianPackage);
    if (missing !== undefined) {
      return missing;
    }
  }
  return undefined;
}

/** A fresh key by ssh-keygen: the private one in PEM, and `TYPE BASE64`. @param type such as ed25519 */
export function sshKeyPair(type = "ed25519"): { privateKey: string; publicKey: string } {
  const folder = mkdtempSync(join(tmpdir(), "farrier-ssh-key-"));
  try {
    const file = join(folder, "key");
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "", "-f", file]);
    return {
      privateKey: readFileSync(file, "utf8"),
      publicKey: readFileSync(`${file}.pub`, "utf8").trim(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts a host. */
export async function sshHost(shape: Partial<SshHostShape> = {}): Promise<SshHost> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "farrier-ssh-host-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const host: SshHostShape = { ...usual, ...shape };
  await mkdir(join(folder, "run"));
  const key = sshKeyPair();
  const children = new Set<ChildProcess>();
  let running = 0;
  const connections = new Set<Connection>();
  const commands: string[] = [];
  const logins: string[] = [];

  const server = new Server({ hostKeys: [key.privateKey] }, (connection) => {
    connections.add(connection);
    connection.on("close", () => connections.delete(connection)).on("error", () => undefined);
    connection.on("authentication", (context) => {
      const known = context.username === host.user;
      if (known && context.method === "password" && context.password === host.password) {
        logins.push("password");
        return context.accept();
      }
      if (known && context.method === "publickey") {
        const [, blob] = host.authorizedKey.split(" ");
        const parsed = blob === undefined ? undefined : utils.parseKey(host.authorizedKey);
        if (
          parsed !== undefined &&
          !(parsed instanceof Error) &&
          context.key.data.equals(parsed.getPublicSSH()) &&
          (context.signature === undefined ||
            parsed.verify(context.blob ?? Buffer.alloc(0), context.signature, context.hashAlgo))
        ) {
          if (context.signature !== undefined) {
            logins.push("publickey");
          }
          return context.accept();
        }
      }
      context.reject(["publickey", "password"]);
    });
    connection.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command }) => {
        const decided = host.command?.(command, commands.length) ?? "run";
        commands.push(command);
        const channel = acceptExec();
        if (decided === "cut") {
          connection.end();
        } else if (typeof decided === "object") {
          channel.write(decided.prints, () => {
            channel.exit(decided.status ?? 0);
            channel.end();
          });
        } else if (decided !== "hang") {
          running += 1;
          const gone = new Promise((resolve) => {
            channel.once("close", resolve);
            connection.on("close", () => resolve(undefined));
          });
          if (decided === "run-cut") {
            channel.once("end", () => connection.end());
          }
          void run(channel, command, gone).finally(() => (running -= 1));
        }
      });
    });
  });

  async function run(channel: ServerChannel, command: string, gone: Promise<unknown>): Promise<void> {
    await system(folder, host);
    const probe = command === "sh -s";
    const child = spawn("sh", ["-c", placed(command, folder)], {
      env: {
        PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? "/usr/bin:/bin"}`,
        SSH_CONNECTION: "127.0.0.1 50000 127.0.0.1 22",
        FAKE: folder,
        FARRIER_SYSTEMD: join(folder, "root/run/systemd/system"),
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
    children.add(child);
    child.stdin.on("error", () => undefined);
    if (probe) {
      // The files that it looks at are this host's, not those of the host that runs the test.
      const script: Buffer[] = [];
      channel.on("data", (chunk: Buffer) => script.push(chunk));
      channel.on("end", () => child.stdin.end(probed(Buffer.concat(script).toString("utf8"), folder)));
    } else {
      channel.pipe(child.stdin);
    }
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    // As sshd does: a command whose connection is gone is not killed, but it has nobody to read from or to write to.
    void gone.then(() => {
      child.stdin.end();
      child.stdout.destroy();
      child.stderr.destroy();
    });
    const [code] = (await once(child, "close")) as [number | null];
    children.delete(child);
    channel.exit(code ?? 1);
    channel.end();
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(async () => {
    connections.forEach((connection) => connection.end());
    children.forEach((child) => child.kill());
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const release = stack.move();
  const kept = (name: string): Promise<Buffer | undefined> => readFile(join(folder, name)).catch(() => undefined);
  return {
    port: addressOf(server),
    folder,
    hostKey: key.publicKey,
    shape: host,
    commands,
    logins,
    loaded: async () => {
      const [vmlinuz, initramfs, commandLine] = await Promise.all(["vmlinuz", "initramfs", "command-line"].map(kept));
      return vmlinuz === undefined || initramfs === undefined
        ? undefined
        : { vmlinuz, initramfs, commandLine: commandLine?.toString("utf8").trim() ?? "" };
    },
    running: () => running,
    started: async () => (await kept("started"))?.toString("utf8").trim(),
    left: async () => (await readdir(join(folder, "run"), { recursive: true })).toSorted(),
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  };
}

function addressOf(server: InstanceType<typeof Server>): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const usual: SshHostShape = {
  user: "root",
  password: "the host's password",
  authorizedKey: "",
  root: "yes",
  architecture: "x86_64",
  memoryTotal: 2_000_000,
  memoryAvailable: 1_800_000,
  kexecDisabled: "0",
  kexec: true,
  lockdown: "[none] integrity confidentiality",
  container: "none",
  uuid: "11223344-5566-7788-99aa-bbccddeeff00",
  addresses: "[]",
  routes: "[]",
  resolver: "",
  kexecRefuses: "none",
  systemd: true,
  goFails: false,
  kexecSeconds: 0,
};

/** A command's paths in this host's folder. */
function placed(command: string, folder: string): string {
  return command.replaceAll(hostDirectoryPrefix, `${join(folder, "run")}/farrier-takeover-`);
}

function probed(script: string, folder: string): string {
  return script
    .replaceAll(/(?<path>\/(?:proc|sys|etc|run)\/)/gu, `${folder}/root$<path>`)
    .replaceAll("[ -d /run ]", "true");
}

/** The host's files and programs. */
async function system(folder: string, host: SshHostShape): Promise<void> {
  const file = async (path: string, text: string): Promise<void> => {
    const full = join(folder, "root", path);
    await mkdir(join(full, ".."), { recursive: true });
    await writeFile(full, text);
  };
  await file("proc/meminfo", `MemTotal: ${host.memoryTotal} kB\nMemAvailable: ${host.memoryAvailable} kB\n`);
  await file("proc/sys/kernel/kexec_load_disabled", `${host.kexecDisabled}\n`);
  await file("proc/sys/kernel/random/boot_id", "0f0f0f0f-0000-4000-8000-000000000000\n");
  await file("proc/cmdline", "root=/dev/sda1 ro console=tty0 console=ttyS0,115200 quiet\n");
  await file("sys/kernel/security/lockdown", `${host.lockdown}\n`);
  await file("sys/class/dmi/id/product_uuid", `${host.uuid}\n`);
  await file("etc/resolv.conf", host.resolver);
  if (host.systemd) {
    await mkdir(join(folder, "root/run/systemd/system"), { recursive: true });
  }
  await rm(join(folder, "root/sys/kernel/kexec_loaded"), { force: true });
  if (host.kexec) {
    await file("sys/kernel/kexec_loaded", "0\n");
  }
  await writeFile(join(folder, "kexec-refuses"), host.kexecRefuses);
  await writeFile(join(folder, "go-fails"), String(host.goFails));
  await writeFile(join(folder, "kexec-seconds"), String(host.kexecSeconds));
  const program = async (name: string, text: string): Promise<void> => {
    const path = join(folder, "bin", name);
    await mkdir(join(folder, "bin"), { recursive: true });
    await writeFile(`${path}.new`, `#!/bin/sh\n${text}\n`);
    await chmod(`${path}.new`, 0o755);
    await copyFile(`${path}.new`, path);
  };
  await program("id", `echo ${host.root === "yes" ? 0 : 1000}`);
  await program("sudo", host.root === "sudo" ? 'shift; exec "$@"' : "echo 'sudo: a password is required' >&2; exit 1");
  await program("uname", `[ "$1" = -m ] && echo ${host.architecture} || echo 'Linux 6.1.0'`);
  await program("mount", "exit 0");
  await program("umount", "exit 0");
  await program("systemd-detect-virt", `echo ${host.container}`);
  await program(
    "ip",
    `case "$*" in *address*) cat <<'E'\n${host.addresses}\nE\n;; *-6*) echo '[]';; *) cat <<'E'\n${host.routes}\nE\n;; esac`,
  );
  await program(
    "systemctl",
    host.goFails ? "echo 'no kexec today' >&2; exit 1" : 'echo "systemctl $*" >> "$FAKE/started"',
  );
}

/** A boot image's folder whose programs are this host's, and whose kexec is {@link sshHost}'s. */
export async function fakeBootImages(folder: string): Promise<string> {
  const image = join(folder, "x86_64");
  const programs = join(image, "takeover");
  await mkdir(join(programs, "lib"), { recursive: true });
  await writeFile(join(image, "vmlinuz"), "the kernel");
  await writeFile(join(image, "initramfs"), Buffer.alloc(1024, "i"));
  await copyFile("/bin/busybox", join(programs, "busybox"));
  const program = (name: string, text: string): Promise<void> =>
    writeFile(join(programs, name), `#!/bin/sh\n${text}\n`);
  await program("lib/ld", 'shift 2; exec "$@"');
  await program("openssl", 'exec openssl "$@"');
  await program(
    "kexec",
    `case "$1" in
  -u) rm -f "$FAKE/vmlinuz" "$FAKE/initramfs" ;;
  -e) [ "$(cat "$FAKE/go-fails")" = false ] && echo "kexec -e" >> "$FAKE/started" ;;
  *)
    refuses=$(cat "$FAKE/kexec-refuses" 2> /dev/null)
    [ "$refuses" = both ] && { printf 'kexec_file_load failed: \\033[31mOperation not permitted\\nentry       = 0x5fff\\n' >&2; for n in 0 1 2 3 4 5 6 7; do echo "segment[$n].buf   = 0x7f6287657010"; echo "segment[$n].memsz = 0x318b000"; done >&2; exit 255; }
    [ "$refuses" = file ] && [ "$1" = -s ] && { echo 'kexec_file_load not available' >&2; exit 255; }
    sleep "$(cat "$FAKE/kexec-seconds")"
    cp "$3" "$FAKE/vmlinuz"; cp "\${4#--initrd=}" "$FAKE/initramfs"; echo "\${5#--command-line=}" > "$FAKE/command-line" ;;
esac`,
  );
  return folder;
}
