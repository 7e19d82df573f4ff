// Trees of real kernels, cut down to the files that the probes read: recorded in QEMU machines, with Debian's kernel 6.1,
// udev 252, nvme-cli 2.3 and smartctl 7.3 in them.
import { readdirSync, readFileSync } from "node:fs";
import type { FileTree } from "../../../../test/support/file-tree.ts";
import type { RunTool } from "../tool.ts";

const folder = new URL("recorded/", import.meta.url);

/** What was recorded of one machine. */
export interface Recorded {
  /** Without udev's names. */
  files: FileTree;
  /** The names that udev gave: by the kernel's name of the disk, sorted. */
  udev: { byPath: Map<string, string[]>; byId: Map<string, string[]> };
  /** Answers as `nvme` and `smartctl` gave them. */
  run: RunTool;
}

/** The names of all recordings. */
export const recordedNames = readdirSync(folder).map((name) => name.replace(/\.json$/u, ""));

/** Reads a recording. */
export function recorded(name: string): Recorded {
  const content = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Record<
    string,
    string | { link: string } | { base64: string } | null
  >;
  const entries = Object.entries(content).map(([path, value]): [string, FileTree[string]] => [
    path,
    value !== null && typeof value === "object" && "base64" in value ? Buffer.from(value.base64, "base64") : value,
  ]);
  const under = (prefix: string): [string, FileTree[string]][] => entries.filter(([path]) => path.startsWith(prefix));
  const answers = new Map(under("smart/"));
  return {
    files: Object.fromEntries(entries.filter(([path]) => !path.startsWith("dev/disk/") && !path.startsWith("smart/"))),
    udev: { byPath: names(under("dev/disk/by-path/")), byId: names(under("dev/disk/by-id/")) },
    run: (program, args) => {
      const device = args.find((arg) => arg.startsWith("/dev/"))?.slice("/dev/".length) ?? "";
      const answer = answers.get(`smart/${device}.${program === "nvme" ? "bin" : "json"}`);
      return Promise.resolve(
        typeof answer === "string" || answer instanceof Uint8Array
          ? { kind: "ran", output: Buffer.from(answer) }
          : { kind: "failed", message: "nothing was recorded" },
      );
    },
  };
}

function names(links: readonly [string, FileTree[string]][]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [path, value] of links) {
    if (value !== null && typeof value === "object" && "link" in value) {
      const disk = value.link.slice(value.link.lastIndexOf("/") + 1);
      found.set(disk, [...(found.get(disk) ?? []), path.slice(path.lastIndexOf("/") + 1)].toSorted());
    }
  }
  return found;
}
