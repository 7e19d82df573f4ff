import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { OperatorClient } from "../call/client.ts";
import { CliError } from "../errors.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { parseLabels } from "../line/labels.ts";
import { machinePages } from "../call/machines.ts";

/** A machine to install on. */
export interface InstallTarget {
  id: string;
  /** Its name, or else its id. */
  title: string;
  /** The machine as it was seen, if it was. */
  machine?: Machine;
}

/**
 * Checks how machines are chosen: by id and name, or by label; with a request id only by the ids of the first try, since
 * labels may choose others by now.
 * @throws {CliError} `usage`
 */
export function installTargetsCheck(ids: readonly string[], labels: readonly string[], requestId?: string): void {
  if (ids.length > 0 && labels.length > 0) {
    throw new CliError("usage", "machines are named and chosen by --label at once: do one of both");
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
 * The machines that are meant, each once, before anything is asked of any of them.
 * @throws {CliError} `failed` where one is not there, or no machine has the labels
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
      // A repeated command is answered from its record, even where the machine is gone by now.
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
