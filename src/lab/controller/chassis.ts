import { type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../../lib/host/atomic-file.ts";
import type { BootDevice } from "../command-line.ts";
import { powerGet, powerSet } from "../power.ts";
import { type ChassisCommand, chassisCommand } from "./chassis-command.ts";
import type { ServeOptions } from "./served.ts";

/** Milliseconds between two looks at the commands and at the power. */
const look = 200;
/** Bytes of commands that are read at once; a command has ten or so. */
const piece = 4096;

/**
 * The program that ipmi_sim runs as `./chassis 0x20 get power`, `./chassis 0x20 set boot pxe` and the like. It answers at
 * once, from a file, and leaves the work to {@link chassisRun}: ipmi_sim answers nobody while it waits.
 */
export const chassisProgram = `#!/bin/sh
case "$2 $3" in
  "get power") echo "power:$(cat power)" ;;
  "get boot") echo "boot:none" ;;
  "set "*) echo "$3 $4" >> commands ;;
esac
`;

/**
 * Carries out what {@link chassisProgram} was told, and keeps the power that it answers up to date, until the signal
 * aborts. @param commands the file that it appends to @param folder the folder of its files
 */
export async function chassisRun(
  name: string,
  { directory, place, clock, log }: ServeOptions,
  { commands, folder, signal }: { commands: FileHandle; folder: string; signal: AbortSignal },
): Promise<void> {
  let offset = 0;
  let boot: BootDevice | undefined;
  let shown: string | undefined;

  async function carryOut(command: ChassisCommand): Promise<void> {
    if ("boot" in command) {
      boot = command.boot;
      return;
    }
    // A boot device is for one start.
    const from = boot;
    boot = command.action === "on" || command.action === "reset" ? undefined : boot;
    await powerSet(await place(), name, command.action, from);
  }

  async function powerShow(): Promise<void> {
    const power = (await powerGet(directory, name)) === "on" ? "1" : "0";
    if (power !== shown) {
      await writeFileAtomic(join(folder, "power"), power, { mode: 0o644 });
      shown = power;
    }
  }

  while (!signal.aborted) {
    try {
      const { lines, bytes } = await linesAfter(commands, offset);
      offset += bytes;
      for (const line of lines) {
        const command = chassisCommand(line);
        log.info({ machine: name, asked: line }, "asked by IPMI");
        await (command === undefined ? undefined : carryOut(command));
        await powerShow();
      }
      await powerShow();
    } catch (error) {
      // IPMI has no words for it: the client sees that the power does not change.
      log.error({ err: error, machine: name }, "the machine was not switched");
    }
    await clock.sleep(look, signal).catch(() => undefined);
  }
}

/** The whole lines after an offset, and how many bytes they have. */
async function linesAfter(file: FileHandle, offset: number): Promise<{ lines: string[]; bytes: number }> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(piece), 0, piece, offset);
  const bytes = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
  const text = buffer.subarray(0, bytes).toString("latin1");
  return { lines: text.split("\n").slice(0, -1), bytes };
}
