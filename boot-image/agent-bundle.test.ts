import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { rolldown } from "rolldown";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { agentBundleMake, type AgentBundle } from "./agent-bundle-make.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
let bundle: AgentBundle;

beforeAll(async () => {
  bundle = await agentBundleMake(join(root, "src/main/agent-boot.ts"));
});

test("the agent's bundle imports Node's own modules and nothing else, also where it calls require", () => {
  const required = [...bundle.code.matchAll(/\b(?:__)?require\(\s*["'`](?<name>[^"'`]+)["'`]\s*\)/gu)].map(
    ({ groups }) => groups?.["name"] ?? "",
  );
  expect(bundle.imports.length).toBeGreaterThan(5);
  expect(required.length).toBeGreaterThan(5);
  const builtin = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
  expect([...bundle.imports, ...required].filter((name) => !builtin.has(name))).toEqual([]);
});

test("nothing is in it but the agent, what it shares with the control plane, and few libraries", () => {
  // The bundler's own virtual file has a name that is not a path.
  const files = bundle.files.filter((file) => !file.startsWith("\0")).map((file) => relative(root, file));
  const folders = new Set(
    files.map((file) => /^(?:src\/[^/]+|gen|node_modules\/(?:@[^/]+\/)?[^/]+)/u.exec(file)?.[0] ?? file),
  );
  const ours = [...folders].filter((folder) => !folder.startsWith("node_modules/"));
  expect(
    ours.filter((folder) => !["gen", "src/agent", "src/contract", "src/lib", "src/main"].includes(folder)),
  ).toEqual(ours.filter((folder) => folder.includes("rolldown")));
  const main = files.filter((file) => file.startsWith("src/main/"));
  expect(main.toSorted()).toEqual(["src/main/agent-boot.ts", "src/main/parts/until-stopped.ts"]);
  for (const library of ["pg", "kysely", "zod", "@stricli/core", "@connectrpc/connect", "prom-client"]) {
    expect([...folders]).not.toContain(`node_modules/${library}`);
  }
});

test("the agent starts without what only an installation needs: YAML and the list of public suffixes", async () => {
  await using split = await rolldown({
    input: join(root, "src/main/agent-boot.ts"),
    platform: "node",
    logLevel: "silent",
  });
  const { output } = await split.generate({ format: "esm" });
  const chunks = new Map(output.flatMap((chunk) => (chunk.type === "chunk" ? [[chunk.fileName, chunk]] : [])));
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (!loaded.has(name)) {
      loaded.add(name);
      chunks.get(name)?.imports.forEach((each) => load(each));
    }
  };
  load(output[0].fileName);
  const files = (names: Iterable<string>): string =>
    [...names].flatMap((name) => chunks.get(name)?.moduleIds ?? []).join("\n");
  for (const library of ["node_modules/yaml/", "node_modules/tldts/"]) {
    expect(files(chunks.keys())).toContain(library);
    expect(files(loaded)).not.toContain(library);
  }
});

test("it is the same each time, and begins to run alone", async () => {
  const again = await agentBundleMake(join(root, "src/main/agent-boot.ts"));
  expect(again.code).toBe(bundle.code);
  const folder = await mkdtemp(join(tmpdir(), "farrier-bundle-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "agent.mjs"), bundle.code);
  // This host did not boot from the network, and the agent reports that.
  const ran = promisify(execFile)(process.execPath, [join(folder, "agent.mjs")], { cwd: folder, timeout: 120_000 });
  const { stderr } = await ran.catch((error: { stderr: string }) => error);
  const lines = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { msg: string; err?: string });
  expect(lines[0]?.msg).toBe("farrier agent boots");
  expect(lines.at(-1)?.err).toMatch(/neither .*boot\.json nor farrier\.endpoint/u);
});
