import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../lib/host/atomic-file.ts";
import type { Clock } from "../lib/clock.ts";
import { printable } from "../lib/format/printable.ts";
import { makeDirectory } from "../lib/host/make-directory.ts";
import type { UserIds } from "../lib/host/passwd.ts";

/** What runs the guests' code. */
export type Accelerator = "kvm" | "tcg";

/** QEMU's arguments for an accelerator and the processor that guests see: the self-test and the machines have the same. Pure. */
export function acceleratorArguments(accelerator: Accelerator): string[] {
  switch (accelerator) {
    case "kvm":
      return ["-accel", "kvm", "-cpu", "host"];
    case "tcg":
      return ["-accel", "tcg,thread=multi", "-cpu", "max"];
  }
}

/** How long the guest of the self-test may take, in milliseconds: with KVM that works it takes a tenth of that. */
const testMilliseconds = 3_000;

/** What the self-test tries; an answer to another is none to this. */
const tried = acceleratorArguments("kvm").join(" ");
const cached = z.object({ boot: z.string(), tried: z.literal(tried), accelerator: z.enum(["kvm", "tcg"]) });

/** What a self-test works with. */
export interface AcceleratorTest {
  qemu: string;
  user: UserIds | undefined;
  clock: Clock;
}

/**
 * KVM where a guest was seen to run under it, else QEMU's own translator. A /dev/kvm that opens is not enough: it may hang
 * every guest, or refuse the host's processor. The answer is kept in the lab's directory until the host's next boot; `note` is
 * called with a line for people when KVM was tried and is not used.
 */
export async function acceleratorFind(
  directory: string,
  options: AcceleratorTest & { note?: ((text: string) => void) | undefined },
): Promise<Accelerator> {
  const file = join(directory, ".accelerator.json");
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const kept = await readFile(file, "utf8").then(
    (text) => cached.safeParse(parsed(text)).data,
    () => undefined,
  );
  if (kept?.boot === boot) {
    return kept.accelerator;
  }
  const failed = (why: string): void =>
    options.note?.(
      `KVM is not used: a test guest did not run with it (${why}); lab machines are emulated, which is several times slower`,
    );
  const accelerator = (await acceleratorWorks("kvm", { ...options, failed })) ? "kvm" : "tcg";
  await makeDirectory(directory);
  await writeFileAtomic(file, `${JSON.stringify({ boot, tried, accelerator })}\n`, { mode: 0o600 });
  return accelerator;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Cut off or scribbled in: as if there were none.
    return undefined;
  }
}

/** What the guest says. */
const word = "F";

/**
 * A firmware of its own, 64 KiB that end at the reset vector (Intel SDM volume 3, 10.1.4: F000:FFF0): it writes one byte to
 * the first serial port and halts.
 */
export function testFirmware(): Buffer {
  const rom = Buffer.alloc(64 << 10, 0xf4);
  // mov dx, 0x3f8 · mov al, 'F' · out dx, al · hlt · jmp to the hlt
  Buffer.from([0xba, 0xf8, 0x03, 0xb0, word.charCodeAt(0), 0xee, 0xf4, 0xeb, 0xfd]).copy(rom, 0xfff0);
  return rom;
}

/** Whether a guest runs with that accelerator, within a time limit. `failed` is told why it does not. */
export async function acceleratorWorks(
  accelerator: Accelerator,
  { qemu, user, clock, failed }: AcceleratorTest & { failed?: (why: string) => void },
): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "farrier-lab-"));
  try {
    const rom = join(folder, "rom");
    await writeFile(rom, testFirmware());
    // For QEMU's user to read; there is nothing to hide in it.
    await chmod(folder, 0o755);
    const why = await silence(qemu, [...acceleratorArguments(accelerator), ...testArguments(rom)], user, clock);
    if (why !== undefined) {
      failed?.(why);
    }
    return why === undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function testArguments(rom: string): string[] {
  return ["-machine", "q35", "-m", "32", "-nodefaults", "-display", "none", "-bios", rom, "-serial", "stdio"];
}

// Bytes of QEMU's own words that are kept.
const toldMost = 300;

/** Why the guest does not say its word; undefined = it does. */
async function silence(
  qemu: string,
  args: readonly string[],
  user: UserIds | undefined,
  clock: Clock,
): Promise<string | undefined> {
  // `timeout` ends it also where this process is killed meanwhile. Both are a group of their own.
  const limited = ["--signal=KILL", String((2 * testMilliseconds) / 1000), qemu, ...args];
  const child = spawn("timeout", limited, {
    ...user,
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const over = new AbortController();
  let told = "";
  child.stderr.on(
    "data",
    (chunk: Buffer) => (told += chunk.toString("utf8", 0, toldMost).slice(0, toldMost - told.length)),
  );
  const words = (): string =>
    told.trim() === "" ? "" : `; QEMU said: ${printable(told.trim().replaceAll(/\s+/gu, " "))}`;
  try {
    return await Promise.race([
      new Promise<string | undefined>((resolve) => {
        child.stdout.on("data", (chunk: Buffer) => chunk.includes(word) && resolve(undefined));
        child.once("error", (error) => resolve(error.message));
        child.once("close", (code, signal) => resolve(`it ended with ${signal ?? code}${words()}`));
      }),
      clock.sleep(testMilliseconds, over.signal).then(
        () => `it did not begin within ${testMilliseconds / 1000} s${words()}`,
        () => undefined,
      ),
    ]);
  } finally {
    over.abort();
    // Not awaited: a process that hangs in the kernel does not end even then.
    groupKill(child.pid);
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  }
}

function groupKill(pid: number | undefined): void {
  try {
    if (pid !== undefined) {
      process.kill(-pid, "SIGKILL");
    }
  } catch {
    // It has ended.
  }
}
