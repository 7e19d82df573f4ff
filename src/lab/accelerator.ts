import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../lib/host/atomic-file.ts";
import type { Clock } from "../lib/clock.ts";
import { makeDirectory } from "../lib/host/make-directory.ts";
import type { UserIds } from "../lib/host/passwd.ts";

/** What runs the guests' code. */
export type Accelerator = "kvm" | "tcg";

/** Milliseconds for the guest of the self-test: with a working KVM it takes a tenth of that. */
const testMilliseconds = 3_000;

const cached = z.object({ boot: z.string(), accelerator: z.enum(["kvm", "tcg"]) });

/**
 * KVM if a guest was seen to run under it, otherwise QEMU's own translator. A /dev/kvm that opens is not enough,
 * because it may hang every guest. The result is kept in the lab's directory until the host's next boot.
 */
export async function acceleratorFind(
  directory: string,
  options: { qemu: string; user: UserIds | undefined; clock: Clock },
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
  const accelerator = (await acceleratorWorks("kvm", options)) ? "kvm" : "tcg";
  await makeDirectory(directory);
  await writeFileAtomic(file, `${JSON.stringify({ boot, accelerator })}\n`, { mode: 0o600 });
  return accelerator;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A truncated or altered file counts as missing.
    return undefined;
  }
}

/** What the guest prints. */
const word = "F";

/**
 * A minimal firmware of 64 KiB that ends at the reset vector (Intel SDM volume 3, 10.1.4: F000:FFF0): it writes one
 * byte to the first serial port and halts.
 */
export function testFirmware(): Buffer {
  const rom = Buffer.alloc(64 << 10, 0xf4);
  // mov dx, 0x3f8 · mov al, 'F' · out dx, al · hlt · jmp to the hlt
  Buffer.from([0xba, 0xf8, 0x03, 0xb0, word.charCodeAt(0), 0xee, 0xf4, 0xeb, 0xfd]).copy(rom, 0xfff0);
  return rom;
}

/** Whether a guest runs with that accelerator, within a time limit. */
export async function acceleratorWorks(
  accelerator: Accelerator,
  { qemu, user, clock }: { qemu: string; user: UserIds | undefined; clock: Clock },
): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "farrier-lab-"));
  try {
    const rom = join(folder, "rom");
    await writeFile(rom, testFirmware());
    // QEMU's user must be able to read it; it holds nothing secret.
    await chmod(folder, 0o755);
    return await saysTheWord(qemu, ["-accel", accelerator, ...testArguments(rom)], user, clock);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function testArguments(rom: string): string[] {
  return ["-machine", "q35", "-m", "32", "-nodefaults", "-display", "none", "-bios", rom, "-serial", "stdio"];
}

async function saysTheWord(
  qemu: string,
  args: readonly string[],
  user: UserIds | undefined,
  clock: Clock,
): Promise<boolean> {
  const child = spawn(qemu, args, { ...user, cwd: "/", env: {}, stdio: ["ignore", "pipe", "ignore"] });
  const over = new AbortController();
  try {
    return await Promise.race([
      new Promise<boolean>((resolve) => {
        child.stdout.on("data", (chunk: Buffer) => chunk.includes(word) && resolve(true));
        child.once("error", () => resolve(false));
        child.once("exit", () => resolve(false));
      }),
      clock.sleep(testMilliseconds, over.signal).then(
        () => false,
        () => false,
      ),
    ]);
  } finally {
    over.abort();
    // Not awaited: a process that hangs in the kernel does not end even then.
    child.kill("SIGKILL");
    child.stdout.destroy();
    child.unref();
  }
}
