// `npm run hardware:record -- NAME`: writes src/agent/hardware/testing/recorded/NAME.json, what the probes of the hardware report
// read on this host. Run it as root, with nvme-cli and smartmontools installed. It has serial numbers and MACs in it.
import { lstat, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hardwareReport } from "../src/agent/hardware/report.ts";
import { runTool, type RunTool } from "../src/agent/hardware/tool.ts";
import { hardwareTree, type Tree } from "../src/agent/hardware/tree.ts";

/** A file's text, its bytes, a link, or null for a folder; by its path below the root. */
export type Recording = Record<string, string | { base64: string } | { link: string } | null>;

/** Makes the hardware report of what is below `root`, and returns all that was read for it. */
export async function hardwareRecord(root: string, run: RunTool): Promise<Recording> {
  const recording: Recording = {};
  const files = new Set<string>();
  const folders = new Set<string>(["dev/disk/by-path", "dev/disk/by-id"]);
  const tree = hardwareTree(root);
  const noted: Tree = {
    ...tree,
    bytes: (path) => tree.bytes(note(files, path)),
    text: (path) => tree.text(note(files, path)),
    lines: (path) => tree.lines(note(files, path)),
    integer: (path) => tree.integer(note(files, path)),
    list: (path) => tree.list(note(folders, path)),
    link: (path) => tree.link(note(files, path)),
  };
  await hardwareReport({
    root,
    tree: noted,
    run: async (program, args) => {
      const outcome = await run(program, args);
      const device = args.find((word) => word.startsWith("/dev/"))?.slice("/dev/".length);
      if (outcome.kind === "ran" && device !== undefined) {
        recording[`smart/${device}.${program === "nvme" ? "bin" : "json"}`] = content(outcome.output);
      }
      return outcome;
    },
  });
  for (const folder of folders) {
    const real = await follow(root, folder, recording);
    for (const name of real === undefined ? [] : await readdir(join(root, real)).catch(() => [])) {
      const kind = await lstat(join(root, real ?? "", name));
      recording[`${real}/${name}`] ??= kind.isFile() ? "" : null;
      await follow(root, `${real}/${name}`, recording);
    }
  }
  for (const file of files) {
    const real = await follow(root, file, recording);
    const bytes = real === undefined ? undefined : await readFile(join(root, real)).catch(() => undefined);
    if (real !== undefined && bytes !== undefined) {
      recording[real] = content(bytes);
    }
  }
  // A folder that has something in it is there without an entry of its own.
  const names = Object.keys(recording).toSorted();
  const kept = names.filter((name) => recording[name] !== null || !names.some((other) => other.startsWith(`${name}/`)));
  return Object.fromEntries(kept.map((name) => [name, recording[name] ?? null]));
}

function note(paths: Set<string>, path: string): string {
  paths.add(path);
  return path;
}

function content(bytes: Buffer): string | { base64: string } {
  const text = bytes.toString("utf8");
  return Buffer.from(text).equals(bytes) ? text : { base64: bytes.toString("base64") };
}

/** Records the links on the way to a path; returns the path without them, or undefined if nothing is there. */
async function follow(root: string, path: string, recording: Recording, links = 0): Promise<string | undefined> {
  const names = path.split("/").filter((name) => name !== "");
  for (let index = 0; index < names.length; index += 1) {
    const here = names.slice(0, index + 1).join("/");
    const kind = await lstat(join(root, here)).catch(() => undefined);
    if (kind === undefined || links > 40) {
      return undefined;
    }
    if (kind.isSymbolicLink()) {
      const link = await readlink(join(root, here));
      recording[here] = { link };
      const target = link.startsWith("/") ? link.slice(1) : join(dirname(here), link);
      return follow(root, join(target, ...names.slice(index + 1)), recording, links + 1);
    }
  }
  return names.join("/");
}

if (import.meta.main) {
  const name = process.argv[2] ?? "";
  if (!/^[a-z0-9-]+$/u.test(name)) {
    process.stderr.write(`"${name}" is no name of a recording: expected a-z, 0-9 and "-", such as dell-r660\n`);
    process.exitCode = 2;
  } else {
    const path = fileURLToPath(new URL(`../src/agent/hardware/testing/recorded/${name}.json`, import.meta.url));
    await writeFile(path, `${JSON.stringify(await hardwareRecord("/", runTool), null, 2)}\n`);
    process.stdout.write(`${path}\n`);
  }
}
