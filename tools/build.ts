// `npm run build`: dist/, the content of the npm package: the sources as JavaScript, with the files that they read.
import { execFile } from "node:child_process";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { agentBundleMake } from "../boot-image/agent-bundle-make.ts";
import { bundleName } from "../boot-image/agent-bundle.ts";
import { cliBundle } from "./cli-bundle.ts";
import { consoleBuild } from "./console-build.ts";
import { processBundle } from "./process-bundle.ts";

const root = new URL("../", import.meta.url);
const dist = new URL("dist/", root);

await rm(dist, { recursive: true, force: true });
await promisify(execFile)(
  process.execPath,
  [fileURLToPath(new URL("node_modules/typescript/bin/tsc", root)), "-p", "tsconfig.build.json"],
  { cwd: root },
);
await cp(new URL("src/database/migrations", root), new URL("src/database/migrations", dist), { recursive: true });
await cp(new URL("boot-image/files", root), new URL("boot-image/files", dist), { recursive: true });
await consoleBuild();
// The published package has no bundler, so it contains the boot image's agent as one file.
const bundle = await agentBundleMake(fileURLToPath(new URL("src/main/agent-boot.ts", root)));
await writeFile(new URL(`boot-image/${bundleName}`, dist), bundle.code);
/** Long-running processes. The rest of src/main is short work, and runs as compiled. */
const processes = [
  "agent",
  "backup",
  "lab",
  "lab-controllers",
  "migrate",
  "netboot",
  "restore",
  "server",
  "shepherd",
  "up",
];
const mainFile = (name: string): string => fileURLToPath(new URL(`src/main/${name}.ts`, root));
// A few files instead of some hundreds, which take longer to find and compile than a command, or the start of a
// process, should take.
for (const { name, code } of [
  ...(await cliBundle(mainFile("farrier"))),
  ...(await processBundle(processes.map(mainFile), fileURLToPath(root))),
]) {
  await writeFile(new URL(`src/main/${name}`, dist), code);
}
// `farrier --version` reads it two folders above src/cli, here as in a checkout.
const manifest = JSON.parse(await readFile(new URL("package.json", root), "utf8")) as { version: string };
await writeFile(new URL("package.json", dist), `${JSON.stringify({ type: "module", version: manifest.version })}\n`);
