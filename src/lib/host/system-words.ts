import { errorCode } from "../errors.ts";

// Names of errno(3), and of getaddrinfo(3).
const words: Readonly<Record<string, string>> = {
  EACCES: "this user has no permission",
  EPERM: "this user has no permission",
  ENOENT: "it does not exist",
  ENOTDIR: "a part of the path is not a directory",
  EISDIR: "it is a directory",
  ELOOP: "its symbolic links lead in a circle",
  ENAMETOOLONG: "its name is too long",
  EEXIST: "it exists already",
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
  ENXIO: "nothing is connected to its other end",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the other end broke the connection",
  EPIPE: "the other end broke the connection",
  ETIMEDOUT: "nobody answered",
  EHOSTUNREACH: "there is no route to that host",
  ENETUNREACH: "there is no route to that network",
  ENOTFOUND: "its name is unknown",
  EAI_AGAIN: "the name server does not answer",
  EADDRINUSE: "another process listens there",
  EADDRNOTAVAIL: "this host does not have that address",
};

/** The meaning of a system error, after its name: "(EACCES): this user has no permission". Pure. */
export function systemWords(error: unknown): string {
  const code = errorCode(error) ?? "unknown";
  return `(${code}): ${words[code] ?? "the system gives no details"}`;
}
