import { errorCode } from "../errors.ts";

// Names of errno(3), and of getaddrinfo(3).
const words: Readonly<Record<string, string>> = {
  EACCES: "this user may not",
  EPERM: "this user may not",
  ENOENT: "it is not there",
  ENOTDIR: "a part of the path is no directory",
  EISDIR: "it is a directory",
  ELOOP: "its symbolic links lead in a circle",
  ENAMETOOLONG: "its name is too long",
  EEXIST: "it is there already",
  ENOTEMPTY: "the directory is not empty",
  EROFS: "the file system is read-only",
  ENOSPC: "the file system is full",
  EDQUOT: "this user's quota is used up",
  EMFILE: "this process has too many files open",
  ENFILE: "this host has too many files open",
  EBUSY: "it is in use",
  ETXTBSY: "it is running",
  EIO: "the device failed",
  EINVAL: "its file system can't do that",
  ENXIO: "nobody is at its other end",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the other end broke the connection off",
  EPIPE: "the other end broke the connection off",
  ETIMEDOUT: "nobody answered",
  EHOSTUNREACH: "there is no way to that host",
  ENETUNREACH: "there is no way to that network",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "the name server does not answer",
  EADDRINUSE: "another process listens there",
  EADDRNOTAVAIL: "this host does not have that address",
};

/** What the system's error means, with its name before it: "(EACCES): this user may not". Pure. */
export function systemWords(error: unknown): string {
  const code = errorCode(error) ?? "unknown";
  return `(${code}): ${words[code] ?? "the system says no more"}`;
}
