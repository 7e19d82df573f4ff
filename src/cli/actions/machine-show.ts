import {
  InstallationState,
  MachineShowResponseSchema,
  type Installation,
  type Machine,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorClient } from "../client.ts";
import type { CliContext } from "../context.ts";
import { progressWords, stateWord, when } from "../describe.ts";
import type { ClientFlags } from "../flags.ts";
import { printJson } from "../print.ts";
import { printable } from "../table.ts";

/** `farrier machine show` */
export async function machineShow(this: CliContext, flags: ClientFlags, machine: string): Promise<void> {
  const { machines } = await operatorClient(flags, this.process.env);
  const response = await machines.machineShow({ machine });
  if (flags.json === true) {
    printJson(this, MachineShowResponseSchema, response);
  } else if (response.machine !== undefined) {
    this.process.stdout.write(machineLines(response.machine, new Date()));
  }
}

/** What is known of a machine, a line each: what it is, and its value. */
export function machineLines(machine: Machine, now: Date): string {
  const { provided, agent, installation, installed } = machine;
  const lines: [string, string][] = [["id", machine.id]];
  const line = (what: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") {
      lines.push([what, value]);
    }
  };
  line("name", machine.name);
  line(
    "labels",
    Object.entries(machine.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(", "),
  );
  line("added", when(machine.createdAt, now));
  line("provider", provided && `${provided.provider}, id ${provided.providerId}`);
  line("reservation", provided?.reservationId);
  line("address", provided?.address);
  line("location", provided?.location);
  line("status", provided?.status);
  line(
    "agent",
    agent === undefined ? "none: `farrier agent init` makes its key" : `since ${when(agent.startedAt, now)}`,
  );
  line("agent key", agent && Buffer.from(agent.publicKey).toString("hex"));
  line("heartbeat", agent && (agent.heartbeatAt === undefined ? "none yet" : when(agent.heartbeatAt, now)));
  line(
    "installed",
    installed === undefined
      ? "no"
      : `generation ${installed.generation}, ${installed.digest === "" ? "no digest" : installed.digest}, ${when(installed.installedAt, now)}`,
  );
  installationLines(installation, now, line);
  const width = Math.max(...lines.map(([what]) => what.length));
  return lines.map(([what, value]) => `${what.padEnd(width)}  ${printable(value)}\n`).join("");
}

function installationLines(
  installation: Installation | undefined,
  now: Date,
  line: (what: string, value: string | undefined) => void,
): void {
  if (installation === undefined) {
    line("request", "none");
    return;
  }
  const { generation, state, image, progress } = installation;
  line("request", `generation ${generation}, ${stateWord(state)}, asked for ${when(installation.requestedAt, now)}`);
  line("image", image?.url);
  line("digest", image?.digest);
  if (state === InstallationState.PENDING) {
    line("progress", progressWords(installation));
    line("progress at", progress && when(progress.updatedAt, now));
    line("detail", progress?.detail);
  } else {
    line("finished", when(installation.finishedAt, now));
    line("error", installation.error);
  }
}
