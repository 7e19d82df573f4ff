import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MachineFilterSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { MachineFilterFlags } from "../flags/machine-filter.ts";
import { parseMachineStates } from "../show/states.ts";
import { parseLabels } from "./labels.ts";

/** The conditions that flags ask for, as lists and counts take them. @throws {CliError} `usage` */
export function machineFilterOf(flags: MachineFilterFlags) {
  return {
    labels: parseLabels(flags.label ?? []),
    states: parseMachineStates(flags.state ?? []),
    providers: [...(flags.provider ?? [])],
    search: flags.search ?? "",
    deadlineMissed: flags.overdue ?? false,
    location: flags.location ?? "",
  } satisfies MessageInitShape<typeof MachineFilterSchema>;
}

/** True if every machine meets these conditions. */
export function isAnyMachine(filter: ReturnType<typeof machineFilterOf>): boolean {
  const { labels, states, providers, search, deadlineMissed, location } = filter;
  const none = states.length + providers.length + Object.keys(labels).length === 0;
  return none && search === "" && location === "" && !deadlineMissed;
}
