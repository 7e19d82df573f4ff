import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { OperatorClient } from "../call/client.ts";
import { CliError } from "../errors.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { parseLabels } from "../line/labels.ts";
import { machinePages } from "../call/machines.ts";

/** A machine to install on. */
export interface InstallTarget {
  id: string;
  /** The machine's name, or its id if it has no name. */
  title: string;
  /** The machine as it was last read; absent if it was not read. */
  machine?: Machine;
}

/**
 * Checks how machines are chosen: by id and name, or by label. With a request id, only by the ids of the first try,
 * because labels may match other machines by now.
 * @throws {CliError} `usage`
 */
export function installTargetsCheck(ids: readonly string[], labels: readonly string[], requestId?: string): void {
  if (ids.length > 0 && labels.length > 0) {
    throw new CliError("usage", "machines are given both by name and by --label: use one of the two");
  }
  if (requestId !== undefined && labels.length > 0) {
    throw new CliError(
      "usage",
      "--request-id repeats a command for the machines it chose: name their ids, without --label",
    );
  }
  if (ids.length === 0 && labels.length === 0) {
    throw new CliError("usage", "no machine is named: give ids or names, or choose by --label KEY=VALUE");
  }
}

/**
 * Finds the chosen machines, each once, before anything is requested.
 * @throws {CliError} `failed` if a machine does not exist, or none has the labels
 */
export async function installTargets(
  client: OperatorClient,
  ids: readonly string[],
  labels: readonly string[],
  requestId: string | undefined,
): Promise<InstallTarget[]> {
  const targets = new Map<string, InstallTarget>();
  const add = (machine: Machine): void => {
    const title = machine.name === "" ? machine.id : machine.name;
    targets.set(machine.id, { id: machine.id, title, machine });
  };
  for (const id of ids) {
    try {
      const { machine } = await client.machines.machineShow({ machine: id });
      if (machine !== undefined) {
        add(machine);
      }
    } catch (error) {
      // A repeated command is answered from its record, even if the machine has been deleted since.
      if (requestId === undefined || !isUuid(id) || !(error instanceof CliError && error.code === "failed")) {
        throw error;
      }
      targets.set(id.toLowerCase(), { id: id.toLowerCase(), title: id });
    }
  }
  if (labels.length > 0) {
    for await (const page of machinePages(client, { labels: parseLabels(labels) })) {
      page.forEach((machine) => add(machine));
    }
  }
  if (targets.size === 0) {
    throw new CliError("failed", `no machine has the labels ${labels.join(", ")}: \`farrier machine list\` shows all`);
  }
  return [...targets.values()];
}
