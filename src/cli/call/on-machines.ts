import { randomUUID } from "node:crypto";
import type { Operation } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { printable } from "../../lib/format/printable.ts";
import type { CliContext } from "../context.ts";
import { CliError, exitStatus } from "../errors.ts";
import type { MachinesFlags } from "../flags/machines.ts";
import { type InstallTarget, installTargets, installTargetsCheck } from "../install/install-targets.ts";
import { limiter } from "../line/limit.ts";
import { outputFormat } from "../show/answer.ts";
import { type OperatorClient, operatorClient } from "./client.ts";
import { operationEnded } from "./operation.ts";

/** Machines that are switched at a time where nothing else is said: a rack that starts at once trips its fuse. */
const atOnce = 8;

/** Asks for one thing of each machine, waits for it, and tells what came of it; exit status 1 where any failed. */
export async function onMachines(
  context: CliContext,
  flags: MachinesFlags,
  named: readonly string[],
  {
    ask,
    told,
  }: {
    ask: (client: OperatorClient, common: { requestId: string; machine: string }) => Promise<Operation | undefined>;
    told: (result: Record<string, unknown>) => string;
  },
): Promise<void> {
  const labels = flags.label ?? [];
  installTargetsCheck(named, labels, flags.requestId);
  const json = outputFormat(flags) === "json";
  const client = await operatorClient(flags, context.process.env);
  const targets = await installTargets(client, named, labels, flags.requestId);
  if (flags.requestId !== undefined && targets.length > 1) {
    throw new CliError("usage", "--request-id repeats the command for one machine: name that one alone");
  }
  const place = limiter(flags.maxParallel ?? atOnce);
  const results = await Promise.all(targets.map((target) => place(() => one(target))));
  if (json) {
    context.process.stdout.write(`${JSON.stringify({ machines: results }, null, 2)}\n`);
  }
  if (results.some(({ error }) => error !== undefined)) {
    context.process.exitCode = exitStatus.failed;
  }

  async function one({ id, title }: InstallTarget): Promise<{ machineId: string; error?: string }> {
    try {
      const requestId = flags.requestId ?? randomUUID();
      const result = await operationEnded(client, await ask(client, { requestId, machine: id }));
      if (!json) {
        context.process.stdout.write(`${printable(`${title}: ${told(result)}`)}\n`);
      }
      return { machineId: id, ...result };
    } catch (error) {
      if (!(error instanceof CliError)) {
        throw error;
      }
      if (!json) {
        context.process.stderr.write(`${printable(`farrier: ${title}: ${error.message}`)}\n`);
      }
      return { machineId: id, error: error.message };
    }
  }
}
