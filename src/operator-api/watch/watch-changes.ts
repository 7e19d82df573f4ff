import { create } from "@bufbuild/protobuf";
import {
  MachineChangeSchema,
  type MachineChange as ChangeMessage,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { MachineId } from "../../database/ids.ts";
import { machinesShow } from "../../database/queries/machine/machine-show.ts";
import type { MachineChange } from "../../database/queries/views/machine-changes.ts";
import type { MachineFilter } from "../../database/queries/views/machine-list-filter.ts";
import { machinesMatching } from "../../database/queries/views/machine-matching.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { machineMessage } from "../messages/machine-message.ts";

/** What a watch is about: these machines, and those that match; neither means all. */
export interface WatchScope {
  machines?: ReadonlySet<MachineId>;
  filter?: MachineFilter;
}

/** Those of the changes that a watch is about. Deletions are, unless it is about certain machines alone. */
export async function changesWanted(
  { database }: Pick<OperatorApiDependencies, "database">,
  { machines, filter }: WatchScope,
  changes: readonly MachineChange[],
): Promise<MachineChange[]> {
  if (machines === undefined && filter === undefined) {
    return [...changes];
  }
  const named = (id: MachineId): boolean => machines?.has(id) === true;
  const asked =
    filter === undefined
      ? []
      : changes.filter(({ machineId, deleted }) => !deleted && !named(machineId)).map(({ machineId }) => machineId);
  const matching = filter === undefined ? undefined : await machinesMatching(database, filter, asked);
  return changes.filter(
    ({ machineId, deleted }) =>
      named(machineId) || matching?.has(machineId) === true || (deleted && filter !== undefined),
  );
}

/** The changes as messages, with the machines as they are now. */
export async function changeMessages(
  { database, secrets }: Pick<OperatorApiDependencies, "database" | "secrets">,
  changes: readonly MachineChange[],
): Promise<ChangeMessage[]> {
  const alive = changes.filter(({ deleted }) => !deleted).map(({ machineId }) => machineId);
  const records = new Map((await machinesShow(database, alive)).map((record) => [record.machineId, record]));
  return changes.flatMap(({ machineId, deleted }) => {
    if (deleted) {
      return [create(MachineChangeSchema, { change: { case: "deletedMachineId", value: machineId } })];
    }
    const record = records.get(machineId);
    // Deleted meanwhile; the deletion is a change of its own.
    return record === undefined
      ? []
      : [create(MachineChangeSchema, { change: { case: "machine", value: machineMessage(record, secrets) } })];
  });
}
