import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { callUnaryMethod } from "@connectrpc/connect-query";
import { MachineListRequestSchema, MachineService, type Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";

/** All machines that match a filter. */
export interface FilterSelection {
  kind: "filter";
  /** Conditions as MachineList takes them; page and order are left out. */
  filter: Omit<MessageInitShape<typeof MachineListRequestSchema>, "$typeName" | "pageSize" | "pageToken">;
  /** The filter in words, for the dialog's title: "state agent-lost, label rack=b12". */
  words: string;
}

/** Rows that can be marked at a time. */
export const markedMost = 500;
/** Machines that a filter may choose for one command: more are a matter for a rollout. */
export const filteredMost = 10_000;

/** The machines of a filter, all of them, or the first {@link filteredMost} and that there are more. */
export async function selectionMachines(
  transport: Transport,
  { filter }: Pick<FilterSelection, "filter">,
  signal: AbortSignal,
): Promise<{ machines: Machine[]; more: boolean }> {
  const machines: Machine[] = [];
  let pageToken = "";
  do {
    const request = create(MachineListRequestSchema, { ...filter, pageSize: 1000, pageToken });
    const page = await callUnaryMethod(transport, MachineService.method.machineList, request, { signal });
    machines.push(...page.machines);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && machines.length < filteredMost);
  return { machines: machines.slice(0, filteredMost), more: pageToken !== "" || machines.length > filteredMost };
}
