// The examples of docs/rollouts.md, carried out in their order.
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toBinary } from "@bufbuild/protobuf";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { simulatedHardware } from "../../src/simulator/agent/simulated-hardware.ts";
import { biosImage } from "../support/bios-image.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { imageServer, type ImageServer } from "../support/image-server.ts";
import { waitFor } from "../support/wait.ts";
import { printedCommands } from "../../src/cli/testing/printed-words.ts";
import { controlPlaneStart, type TestControlPlane } from "../../src/cli/testing/processes.ts";

// Many processes on few cores: most of a test is waiting for them to start.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let directory: string;
let database: TestDatabase;
let plane: TestControlPlane;
let images: ImageServer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-rollout-docs-"));
  database = await testDatabase({ leaks: "ignore" });
  plane = await controlPlaneStart(directory, database.url);
  images = await imageServer();
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  await images[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function run(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await plane.run(...args);
  expect([status, args, stderr]).toEqual([0, args, stderr]);
  return stdout;
}

/** Commands, and what they print; "…" stands for anything, alone on a line for any number of lines. */
async function examples(): Promise<{ commands: string[][]; prints: RegExp }[]> {
  const text = await readFile(new URL("../../docs/rollouts.md", import.meta.url), "utf8");
  return [...text.matchAll(/^```sh\n([^]*?)^```\n\n```text\n([^]*?)^```/gmu)].map(([, commands = "", prints = ""]) => {
    const pattern = prints
      .replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`)
      .replaceAll(/^…\n/gmu, "(?:.*\n)*?")
      .replaceAll("…", ".*");
    return { commands: printedCommands(commands), prints: new RegExp(`^${pattern}$`, "u") };
  });
}

test("the examples do what they say", async () => {
  const { url } = images.serve("debian", biosImage());
  await run("image", "add", "debian-12", "--url", url, "--wait");
  await run("profile", "create", "web", "--image", "debian-12", "--disk", "max=250G");
  const pool = new pg.Pool(database.connection);
  for (const name of ["web1", "web2", "web3"]) {
    await run(
      ...["machine", "add", "--provider", "static", "--provider-id", name, "--name", name, "--label", "rack=b12"],
    );
    const raw = Buffer.from(toBinary(AgentHardwareReportSchema, simulatedHardware("docs", name)));
    await pool.query(
      `INSERT INTO machine_hardware_report
         (machine_id, report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw)
       SELECT machine_id, 1, now(), $2, $3 FROM machines WHERE name = $1`,
      [name, createHash("sha256").update(raw).digest(), raw],
    );
  }
  await pool.end();
  const all = await examples();
  expect(all.length).toBeGreaterThan(3);
  for (const { commands, prints } of all) {
    let printed = "";
    for (const words of commands.slice(0, -1)) {
      printed += await run(...words);
    }
    const last = commands.at(-1) ?? [];
    if (last[1] === "show") {
      // What a shepherd does next is seen a moment later.
      await waitFor(prints.source, async () => prints.test(printed + (await run(...last))), {
        timeoutMs: 60_000,
        intervalMs: 100,
      });
    } else {
      expect(printed + (await run(...last))).toMatch(prints);
    }
  }
});
