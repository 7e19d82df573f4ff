import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { stripVTControlCharacters } from "node:util";
import type { Clock } from "../lib/clock.ts";
import { errorCode } from "../lib/errors.ts";
import { consoleFile, labMachineRead } from "./directory.ts";

/** Milliseconds between two reads of a followed console. */
const interval = 200;
/** Bytes read at once. */
const piece = 64 << 10;

/**
 * Shows a machine's serial console output, or its last lines; with `follow` also new output, until the signal aborts.
 * @throws {LabError} `not_found`, `definition_invalid`
 */
export async function consoleShow(
  directory: string,
  name: string,
  options: {
    lines: number | undefined;
    follow: boolean;
    write: (text: string) => void;
    clock: Clock;
    signal: AbortSignal;
  },
): Promise<void> {
  const { lines, follow, write, clock, signal } = options;
  await labMachineRead(directory, name);
  const decoder = new StringDecoder("utf8");
  await using log = await openLog(consoleFile(directory, name));
  let position = log === undefined || lines === undefined ? 0 : await lastLines(log, lines);
  while (log !== undefined && !signal.aborted) {
    const { bytesRead, buffer } = await log.read(Buffer.alloc(piece), 0, piece, position);
    position += bytesRead;
    write(plain(decoder.write(buffer.subarray(0, bytesRead))));
    if (bytesRead === 0 && !follow) {
      return;
    }
    if (bytesRead === 0) {
      await clock.sleep(interval, signal).catch(() => undefined);
    }
  }
}

/** Undefined before the machine was first switched on. The file's owner is QEMU's user, so a link is not followed. */
async function openLog(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

/** The offset at which the last `count` lines begin. */
async function lastLines(log: FileHandle, count: number): Promise<number> {
  const { size } = await log.stat();
  let seen = 0;
  for (let end = size; end > 0; end -= piece) {
    const from = Math.max(0, end - piece);
    const { buffer } = await log.read(Buffer.alloc(end - from), 0, end - from, from);
    for (let index = buffer.length - 1; index >= 0; index -= 1) {
      if (buffer[index] === 0x0a && from + index !== size - 1) {
        seen += 1;
        if (seen === count) {
          return from + index + 1;
        }
      }
    }
  }
  return 0;
}

/** The ANSI.SYS sequence that sets the screen mode, which UEFI firmware uses and Node's pattern does not have. */
const screenMode = new RegExp(String.raw`${"\u001b"}\[=[\d;]*[hl]`, "gu");

/** A terminal's text without control sequences, because firmware paints its screen with them. */
export function plain(text: string): string {
  return stripVTControlCharacters(text.replaceAll(screenMode, "")).replaceAll(/[^\P{Cc}\n\t]/gu, "");
}
