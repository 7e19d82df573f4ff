// Whether a machine that has changed still belongs into the list, and where: what the server decides when the list is read.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Machine, MachineFilter } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { machineStateWords } from "../../../src/contract/words/machine-state.ts";
import { wordOf } from "../../../src/contract/words/table.ts";
import type { ListView } from "./list-address.ts";

/** Whether a machine meets all conditions of a filter, as MachineList decides it. Pure. */
export function filterMatches(filter: MachineFilter, machine: Machine): boolean {
  const { name, id, labels, provided, standing } = machine;
  const { search } = filter;
  return (
    (filter.states.length === 0 || (standing !== undefined && filter.states.includes(standing.state))) &&
    (filter.providers.length === 0 || filter.providers.includes(provided?.provider ?? "")) &&
    Object.entries(filter.labels).every(([key, value]) => labels[key] === value) &&
    name.startsWith(filter.namePrefix) &&
    (filter.location === "" || provided?.location === filter.location) &&
    (!filter.deadlineMissed || standing?.deadlineMissedAt !== undefined) &&
    (search === "" ||
      [name, id, provided?.providerId ?? ""].some((text) => text.startsWith(search)) ||
      Object.values(labels).includes(search))
  );
}

/** What rows are sorted by, then by id. */
function sortKey({ order }: Pick<ListView, "order">, machine: Machine): (string | number)[] {
  const { id, name, standing, createdAt } = machine;
  const since = standing?.since === undefined ? 0 : timestampMs(standing.since);
  switch (order) {
    case "id":
      return [id];
    case "name":
      return [name, id];
    case "created":
      return [createdAt === undefined ? 0 : timestampMs(createdAt), id];
    case "since":
      return [since, id];
    case "state":
      return [wordOf(machineStateWords, standing?.state ?? 0) ?? "", since, id];
  }
}

/** Less than 0 where `one` comes before `other` in this order. Pure. */
export function compareIn(view: Pick<ListView, "order" | "descending">, one: Machine, other: Machine): number {
  const [left, right] = [sortKey(view, one), sortKey(view, other)];
  for (const [index, value] of left.entries()) {
    const against = right[index] ?? "";
    if (value !== against) {
      return (value < against ? -1 : 1) * (view.descending ? -1 : 1);
    }
  }
  return 0;
}
