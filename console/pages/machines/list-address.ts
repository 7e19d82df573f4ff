// The list's filter and order, as they stand in the address.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { MachineFilterSchema, MachineSort, type MachineFilter } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { machineStateWords } from "../../../src/contract/words/machine-state.ts";
import { valueOfWord, wordOf } from "../../../src/contract/words/table.ts";
import { paths, type MachinesFilter } from "../../paths.ts";

/** The orders that the server has, by their words in the address. */
export const machineOrders = {
  name: MachineSort.NAME,
  state: MachineSort.STATE,
  since: MachineSort.SINCE,
  created: MachineSort.CREATED,
  id: MachineSort.ID,
} as const;

/** The word of an order. */
export type MachineOrder = keyof typeof machineOrders;

/** What a list shows. */
export interface ListView {
  filter: MachineFilter;
  order: MachineOrder;
  descending: boolean;
}

/** Reads the address; what it has no meaning for is left out. Pure. */
export function listView(search: URLSearchParams): ListView {
  const filter: MessageInitShape<typeof MachineFilterSchema> = {
    states: search.getAll("state").flatMap((word) => valueOfWord(machineStateWords, word) ?? []),
    labels: Object.fromEntries(
      search.getAll("label").flatMap((text) => {
        const label = labelOf(text);
        return label === undefined ? [] : [label];
      }),
    ),
    providers: search.getAll("provider"),
    namePrefix: search.get("name") ?? "",
    search: search.get("search") ?? "",
    deadlineMissed: search.get("overdue") === "yes",
    location: search.get("location") ?? "",
  };
  const [, minus, word] = /^(?<minus>-?)(?<word>\w+)$/u.exec(search.get("order") ?? "") ?? [];
  const order = word !== undefined && Object.hasOwn(machineOrders, word) ? (word as MachineOrder) : "name";
  return { filter: create(MachineFilterSchema, filter), order, descending: minus === "-" };
}

/** The address of a list. Pure. */
export function listAddress({ filter, order, descending }: ListView): string {
  return paths.machines({ ...addressFilter(filter), order: orderWord(order, descending) });
}

/** A filter as the address has it. Pure. */
function addressFilter(filter: MachineFilter): MachinesFilter {
  return {
    states: filter.states.flatMap((state) => wordOf(machineStateWords, state) ?? []),
    labels: Object.entries(filter.labels).map(([key, value]) => `${key}=${value}`),
    providers: filter.providers,
    name: filter.namePrefix === "" ? undefined : filter.namePrefix,
    search: filter.search === "" ? undefined : filter.search,
    location: filter.location === "" ? undefined : filter.location,
    overdue: filter.deadlineMissed ? "yes" : undefined,
  };
}

/** One condition of a filter, and the filter without it. */
export interface FilterChip {
  /** "state installing", "label rack=b12". */
  words: string;
  without: MachineFilter;
}

/** The conditions of a filter, one by one. Pure. */
export function filterChips(filter: MachineFilter): FilterChip[] {
  const without = (change: MessageInitShape<typeof MachineFilterSchema>): MachineFilter =>
    create(MachineFilterSchema, { ...filter, ...change });
  return [
    ...filter.states.map((state) => ({
      words: `state ${wordOf(machineStateWords, state) ?? String(state)}`,
      without: without({ states: filter.states.filter((one) => one !== state) }),
    })),
    ...Object.entries(filter.labels).map(([key, value]) => ({
      words: `label ${key}=${value}`,
      without: without({ labels: Object.fromEntries(Object.entries(filter.labels).filter(([one]) => one !== key)) }),
    })),
    ...filter.providers.map((provider) => ({
      words: `provider ${provider}`,
      without: without({ providers: filter.providers.filter((one) => one !== provider) }),
    })),
    ...(filter.namePrefix === ""
      ? []
      : [{ words: `name begins with ${filter.namePrefix}`, without: without({ namePrefix: "" }) }]),
    ...(filter.search === "" ? [] : [{ words: `has ${filter.search}`, without: without({ search: "" }) }]),
    ...(filter.location === "" ? [] : [{ words: `location ${filter.location}`, without: without({ location: "" }) }]),
    ...(filter.deadlineMissed ? [{ words: "overdue", without: without({ deadlineMissed: false }) }] : []),
  ];
}

/** The text KEY=VALUE as a pair. Pure. */
export function labelOf(text: string): [string, string] | undefined {
  const at = text.indexOf("=");
  return at < 1 ? undefined : [text.slice(0, at), text.slice(at + 1)];
}

/** An order as the address has it: undefined for the usual one. Pure. */
function orderWord(order: MachineOrder, descending: boolean): string | undefined {
  return order === "name" && !descending ? undefined : `${descending ? "-" : ""}${order}`;
}
