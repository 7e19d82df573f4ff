// What clients in other languages do: code of proto/ as it is there, by the usual generators, which has to build.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { programMissing } from "../support/program-missing.ts";
import { root } from "../support/repository.ts";

const run = promisify(execFile);
/** Where tools/install-generators.sh puts them. */
const generators = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "farrier/generators");
const hint = "run `CI=true sh tools/install-generators.sh`";
const python = join(generators, "python/bin/python");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-languages-"));
});
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

/** `buf generate` with these plugins, and nothing managed. Resolves to what it made, by path. */
async function generate(out: string, plugins: readonly object[]): Promise<string[]> {
  const template = JSON.stringify({ version: "v2", plugins: plugins.map((plugin) => ({ ...plugin, out })) });
  const env = { ...process.env, PATH: `${generators}:${join(root, "node_modules/.bin")}:${process.env["PATH"]}` };
  await run("buf", ["generate", "--template", template], { cwd: root, env });
  const made = await readdir(out, { recursive: true, withFileTypes: true });
  return made.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function goMissing(): Promise<string | undefined> {
  const plugin = existsSync(join(generators, "protoc-gen-connect-go")) ? undefined : `no protoc-gen-go: ${hint}`;
  return (await programMissing("go", "golang")) ?? plugin;
}

/** With a folder's own path as its package, or with package names that the generating project gives. */
test.for([
  ["as the files say", "farrier/proto", ["module=farrier/proto"]],
  ["named by the caller", "example.test/ours", ["paths=source_relative"]],
] as const)("C7: Go, %s", async ([, module, opt], context) => {
  const missing = await goMissing();
  context.skip(missing !== undefined, missing);
  const out = join(folder, opt[0].replace(/\W/gu, "-"));
  const protos = (await readdir(join(root, "proto"), { recursive: true })).filter((file) => file.endsWith(".proto"));
  const named =
    module === "farrier/proto"
      ? []
      : protos.map((file) => `M${file}=${module}/${file.slice(0, file.lastIndexOf("/"))}`);
  const made = await generate(out, [
    { local: "protoc-gen-go", opt: [...opt, ...named] },
    { local: "protoc-gen-connect-go", opt: [...opt, ...named] },
  ]);
  expect(made.length).toBeGreaterThan(protos.length);
  await writeFile(
    join(out, "go.mod"),
    `module ${module}\n\ngo 1.24\n\nrequire (\n\tconnectrpc.com/connect v1.19.1\n\tgoogle.golang.org/protobuf v1.36.10\n)\n`,
  );
  await run("go", ["mod", "tidy"], { cwd: out });
  await run("go", ["build", "./..."], { cwd: out });
});

test("C7: Python", async (context) => {
  context.skip(!existsSync(python), `no grpcio-tools for Python: ${hint}`);
  const out = join(folder, "python");
  await mkdir(out);
  const made = await generate(out, [{ protoc_builtin: "python", protoc_path: [python, "-m", "grpc_tools.protoc"] }]);
  const modules = made.map((path) => path.slice(out.length + 1, -".py".length).replaceAll("/", "."));
  expect(modules).toContain("farrier.agent.v1.agent_service_pb2");
  const check = [
    ...modules.map((name) => `import ${name}`),
    "from cloud.bmaas.server.api.agent_pb2 import OSInstallationRequest",
    "from google.protobuf import descriptor_pool",
    "assert OSInstallationRequest.DESCRIPTOR.fields_by_name['image'].message_type.full_name == 'farrier.agent.v1.ImageInstallation'",
    "service = descriptor_pool.Default().FindServiceByName('farrier.agent.v1.AgentService')",
    "print(service.full_name, *sorted(method.name for method in service.methods))",
  ];
  const { stdout } = await run(python, ["-c", check.join("\n")], { cwd: out });
  expect(stdout).toMatch(/^farrier\.agent\.v1\.AgentService .*\bWatch\b/u);
});

test("C7: TypeScript", async () => {
  const out = join(folder, "typescript");
  const opt = ["target=ts", "import_extension=ts", "erasable_syntax=true"];
  const made = await generate(out, [{ local: "protoc-gen-es", opt }]);
  expect(made.length).toBeGreaterThan(10);
  await symlink(join(root, "node_modules"), join(out, "node_modules"));
  const service = join(out, "farrier/agent/v1/agent_service_pb.ts");
  const all = made.map((file) => `await import(${JSON.stringify(file)});`).join("\n");
  const script = `${all}\nconst { AgentService } = await import(${JSON.stringify(service)});\nconsole.log(AgentService.typeName);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script]);
  expect(stdout).toBe("farrier.agent.v1.AgentService\n");
});
