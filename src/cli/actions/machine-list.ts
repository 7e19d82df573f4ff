import { create } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  InstallationState,
  MachineListResponseSchema,
  type Machine,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorClient } from "../client.ts";
import type { MachineListFlags } from "../commands/machine-list.ts";
import type { CliContext } from "../context.ts";
import { progressWords, stateWord } from "../describe.ts";
import { parseLabels } from "../labels.ts";
import { machinePages } from "../machines.ts";
import { outputWidth, printJson } from "../print.ts";
import { table } from "../table.ts";
import { formatAge } from "../time.ts";

const header = ["ID", "NAME", "AGENT", "INSTALLED", "REQUEST", "LABELS"];

/** `farrier machine list` */
export async function machineList(this: CliContext, flags: MachineListFlags): Promise<void> {
  const labels = parseLabels(flags.label ?? []);
  const client = await operatorClient(flags, this.process.env);
  const machines: Machine[] = [];
  for await (const page of machinePages(client, { labels, limit: flags.limit })) {
    machines.push(...page);
  }
  if (flags.json === true) {
    printJson(this, MachineListResponseSchema, create(MachineListResponseSchema, { machines }));
    return;
  }
  if (machines.length === 0) {
    this.process.stderr.write(
      Object.keys(labels).length === 0
        ? "no machines yet: `farrier machine add` makes one known\n"
        : "no such machines\n",
    );
    return;
  }
  const now = new Date();
  const rows = machines.map((machine) => row(machine, now));
  this.process.stdout.write(table(header, rows, { width: outputWidth(this) }));
}

function row(machine: Machine, now: Date): string[] {
  const { agent, installation, installed } = machine;
  const heartbeat = agent?.heartbeatAt;
  return [
    machine.id,
    machine.name === "" ? "-" : machine.name,
    agent === undefined ? "-" : heartbeat === undefined ? "not heard of" : formatAge(timestampDate(heartbeat), now),
    installed === undefined ? "-" : `generation ${installed.generation}`,
    installation === undefined
      ? "-"
      : `${installation.generation} ${
          installation.state === InstallationState.PENDING && installation.progress !== undefined
            ? progressWords(installation)
            : stateWord(installation.state)
        }`,
    Object.entries(machine.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
  ];
}
