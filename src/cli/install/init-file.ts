import { constants } from "node:fs";
import { link, open, readFile, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { AgentInitSchema, type AgentInit } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import { errorCode } from "../../lib/errors.ts";
import { CliError } from "../errors.ts";

/** Reads the init file at this path; undefined if there is no file, "other" if the file is something else. */
export async function initFileFind(path: string): Promise<AgentInit | "other" | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    throw fileError(path, error);
  }
  try {
    const init = fromJsonString(AgentInitSchema, text);
    return init.privateKey.length === 64 ? init : "other";
  } catch {
    // Whatever the file is, it must not be overwritten.
    return "other";
  }
}

/**
 * True for a regular file that this user owns and no other user may read or write. A key that another user
 * wrote, or can read, is not secret.
 * @throws {CliError} `failed` if the file can't be inspected
 */
export async function initFileIsPrivate(path: string): Promise<boolean> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { uid, mode } = await file.stat();
    return (mode & constants.S_IFMT) === constants.S_IFREG && (mode & 0o077) === 0 && uid === process.geteuid?.();
  } catch (error) {
    if (errorCode(error) === "ELOOP") {
      return false;
    }
    throw fileError(path, error);
  }
}

/**
 * Creates an init file, readable by this user alone. It resolves after the file is on the disk (fsync). The path must
 * not exist.
 */
export async function initFileCreate(path: string, init: AgentInit): Promise<void> {
  try {
    await using file = await open(path, "wx", 0o600);
    await file.writeFile(`${toJsonString(AgentInitSchema, init, { prettySpaces: 2 })}\n`);
    await file.sync();
  } catch (error) {
    throw fileError(path, error);
  }
}

/** Renames a file to its final place; replaces a file there only if `over` is set. */
export async function initFileMove(from: string, to: string, over: boolean): Promise<void> {
  try {
    if (over) {
      await rename(from, to);
    } else {
      // Unlike rename, link fails if the target has appeared meanwhile.
      await link(from, to);
      await unlink(from);
    }
    await using directory = await open(dirname(to), "r");
    await directory.sync();
  } catch (error) {
    throw fileError(to, error);
  }
}

/** Removes a file if it exists. */
export async function initFileRemove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") {
      throw fileError(path, error);
    }
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "its directory does not exist: make it first",
  ENOTDIR: "its directory is a file: choose another",
  EISDIR: "it is a directory: name a file in it",
  EACCES: "this user may not: choose another place",
  EROFS: "the file system is read-only: choose another place",
  ENOSPC: "the disk is full: make room, or choose another place",
  EEXIST: "a file is there: move it away, or choose another --out",
};

function fileError(path: string, error: unknown): unknown {
  const reason = reasons[errorCode(error) ?? ""];
  return reason === undefined
    ? error
    : new CliError("failed", `${path} can't be written or read: ${reason}`, { cause: error });
}
