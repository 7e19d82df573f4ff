import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replaced, terminalBlock } from "../support/document.ts";
import { freePort } from "../support/free-port.ts";
import { mke2fsMissing } from "../support/mke2fs.ts";
import { processGroup } from "../support/process-group.ts";
import { root } from "../support/repository.ts";
import { waitFor } from "../support/wait.ts";

const readme = await readFile(join(root, "README.md"), "utf8");

test("the README's first run does what it says", { timeout: 300_000 }, async (context) => {
  const missing = mke2fsMissing();
  context.skip(missing !== undefined, missing);
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "farrier-readme-"));
  stack.defer(async () => await rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const env = { FARRIER_DATA_DIR: join(directory, "data") };
  const [agents, operators, images] = [await freePort(), await freePort(), await freePort()];

  // npm ci is what put the modules here that this test runs with.
  const start = replaced(await terminalBlock("README.md", "first"), {
    "npm ci && ": "",
    "npm start": `npm start -- --agents 127.0.0.1:${agents} --operators 127.0.0.1:${operators}`,
  });
  const up = stack.use(processGroup(start, { cwd: root, env }));
  await waitFor("the line `ready`, or the end", () => /^ready: /mu.test(up.output) || !up.running, {
    timeoutMs: 60_000,
  });
  expect(up.output).toMatch(/^ready: /mu);

  const first = replaced(await terminalBlock("README.md", "second"), { ".demo": directory, "8000": String(images) });
  const run = stack.use(processGroup(first, { cwd: root, env }));
  const status = await run.ended;
  expect(run.output).toMatch(/^web1: generation 1 installed$/mu);
  expect(run.output).toMatch(/^installed +generation 1, sha256:[0-9a-f]{64}/mu);
  expect(run.output).toMatch(/installation_succeeded[^]*installation_requested[^]*machine_added/u);
  expect(status).toBe(0);
  // X16: no lines of the agent's log stand among what the commands print.
  expect(run.output).not.toMatch(/^\{"level":/mu);
  expect(await readFile(join(directory, "web1.log"), "utf8")).toMatch(/^\{"level":"info"/u);
});

test("the README names the scripts that package.json has", async () => {
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const named = [...readme.matchAll(/npm (?:run (?:--silent )?(?<run>[a-z0-9:]+)|(?<short>start|test)\b)/gu)].map(
    ({ groups }) => groups?.["run"] ?? groups?.["short"] ?? "",
  );
  expect(named).toContain("test");
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});
