import { readFile } from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { testDatabase } from "../support/database.ts";
import { farrierServe } from "../support/farrier-process.ts";
import { freePort } from "../support/free-port.ts";
import { waitFor } from "../support/wait.ts";

// Four processes are started, one after the other.
vi.setConfig({ testTimeout: 300_000 });

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return children.trim().split(" ").filter(Boolean).map(Number);
}

test("workers share the ports, a killed worker is started again, and all end together", async () => {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase({ leaks: "ignore" }));
  const dataDir = await mkdtemp(join(tmpdir(), "farrier-workers-"));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const [agents, operators] = [await freePort(), await freePort()];
  const server = await farrierServe([
    "server",
    "--workers",
    "2",
    "--database-url",
    database.url,
    "--data-dir",
    dataDir,
    "--agents",
    `127.0.0.1:${agents}`,
    "--operators",
    `127.0.0.1:${operators}`,
  ]);
  stack.defer(() => server.end("SIGKILL").then(() => undefined));
  const metrics = (): Promise<string> =>
    fetch(`http://127.0.0.1:${operators}/metrics`, { headers: { connection: "close" } }).then((answer) =>
      answer.text(),
    );

  const before = await childrenOf(server.pid);
  expect(before).toHaveLength(2);
  expect(await metrics()).toContain("farrier_heartbeats_waiting");
  const victim = before[0] ?? 0;
  process.kill(victim, "SIGKILL");
  const after = await waitFor("a new worker", async () => {
    const now = await childrenOf(server.pid);
    return now.length === 2 && !now.includes(victim) ? now : undefined;
  });
  await waitFor("both serve", async () =>
    (
      await Promise.all(
        Array.from({ length: 8 }, () => fetch(`http://127.0.0.1:${operators}/readyz`).catch(() => undefined)),
      )
    ).every((answer) => answer?.status === 200),
  );
  const ended = await server.end("SIGTERM");
  expect(ended).toMatchObject({ status: 0 });
  await waitFor("no worker is left", async () =>
    (await Promise.all(after.map((pid) => readFile(`/proc/${pid}/stat`).catch(() => undefined)))).every(
      (stat) => stat === undefined,
    ),
  );
});
