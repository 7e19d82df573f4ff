import { execFile } from "node:child_process";
import { errorCode } from "../../lib/errors.ts";
import type { LearnedFacts } from "./image-facts.ts";

/** Where distributions have the program. */
const programs = ["/usr/bin/cloud-init", "/usr/local/bin/cloud-init"];
/** Milliseconds for one look: a damaged file system must not hold up the rest. */
const lookLimit = 30_000;
const outputMost = 64 << 10;

/** Whether an ext file system has cloud-init in it, and why that is not known. */
export type CloudInitLook = Pick<LearnedFacts, "cloudInit"> & { note?: string };

/**
 * Looks for cloud-init in an ext file system by debugfs(8), which mounts nothing and only reads.
 * @param image path of the unpacked image
 * @param startBytes where the file system begins in it
 * @param path folders in which debugfs is looked for
 */
export async function cloudInitLook(
  image: string,
  startBytes: number,
  path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
): Promise<CloudInitLook> {
  for (const program of programs) {
    const look = await debugfs(`${image}?offset=${startBytes}`, `stat ${program}`, path);
    if (look.kind === "failed") {
      return { cloudInit: "not-looked-into", note: look.why };
    }
    if (/^Inode: \d+/mu.test(look.output)) {
      return { cloudInit: "yes" };
    }
  }
  return { cloudInit: "no" };
}

type DebugfsLook = { kind: "output"; output: string } | { kind: "failed"; why: string };

function debugfs(image: string, command: string, path: string): Promise<DebugfsLook> {
  return new Promise((resolve) => {
    execFile(
      "debugfs",
      ["-R", command, image],
      {
        timeout: lookLimit,
        killSignal: "SIGKILL",
        maxBuffer: outputMost,
        env: { PATH: path, LC_ALL: "C", DEBUGFS_PAGER: "cat" },
      },
      (error, stdout, stderr) => {
        if (error !== null) {
          const why =
            errorCode(error) === "ENOENT"
              ? "debugfs is not on this host (Debian: e2fsprogs), so its files were not looked into"
              : "debugfs could not look into its root file system";
          resolve({ kind: "failed", why });
        } else if (/Bad magic number|while (?:trying to open|reading)|Filesystem not open/iu.test(stderr)) {
          resolve({ kind: "failed", why: "its root file system is damaged, or in a form that debugfs does not know" });
        } else {
          resolve({ kind: "output", output: stdout });
        }
      },
    );
  });
}
