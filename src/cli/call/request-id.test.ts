import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { operatorClient } from "./client.ts";

const requestId = "123e4567-e89b-42d3-a456-426614174000";

test("X7: a command whose answer was lost says with which request id to repeat it; a question does not", async () => {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "farrier-request-id-"));
  stack.defer(async () => await rm(directory, { recursive: true }));
  await writeFile(join(directory, "operator-token"), `frr_${"t".repeat(43)}\n`, { mode: 0o600 });
  // It takes each request, and breaks the connection off in place of an answer.
  const server = createServer((request) => void request.socket.destroy()).listen(0, "127.0.0.1");
  stack.defer(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { machines } = await operatorClient({ dataDir: directory, operators: `http://127.0.0.1:${port}` }, {});
  await expect(machines.machineRelease({ requestId, machine: "web1" })).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringMatching(
      new RegExp(`; the command may have been carried out: repeat it with --request-id ${requestId}$`, "u"),
    ) as string,
  });
  await expect(machines.machineShow({ machine: "web1" })).rejects.toMatchObject({
    message: expect.not.stringContaining("--request-id") as string,
  });
});
