import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import {
  clientFlags,
  docs,
  pageFlags,
  repeatedFlag,
  switchFlag,
  textFlag,
  watchFlags,
  type ClientFlags,
  type WatchFlags,
} from "../line/flags.ts";
import type { PageFlags } from "../call/pages.ts";

const sorts = ["id", "name", "created", "state", "since"] as const;

/** The values of `--sort`. */
export type MachineSortWord = (typeof sorts)[number];

/** Flags of `farrier machine list`. */
export interface MachineListFlags extends ClientFlags, WatchFlags, PageFlags {
  label: readonly string[] | undefined;
  state: readonly string[] | undefined;
  provider: readonly string[] | undefined;
  search: string | undefined;
  sort: MachineSortWord | undefined;
  descending: boolean | undefined;
}

export const machineListCommand = buildCommand<MachineListFlags, [], CliContext>({
  docs: docs("List machines", "", [
    "farrier machine list --state agent-lost,install-failed",
    "farrier machine list --label rack=b12 --sort name --output wide",
    "farrier machine list --search web --output name",
    "farrier machine list --watch",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      ...pageFlags,
      ...watchFlags,
      label: repeatedFlag("Only machines with this label; repeatable, a machine must have all of them", "KEY=VALUE"),
      state: repeatedFlag(
        "Only machines in this state, such as agent-lost; repeatable, or separated by commas",
        "STATE",
      ),
      provider: repeatedFlag("Only machines of this provider; repeatable", "NAME"),
      search: textFlag("Beginning of a name, id or provider id, or the value of a label", "TEXT"),
      sort: { kind: "enum", optional: true, values: sorts, brief: "Column to sort by (default: id)" },
      descending: switchFlag("Sort in descending order"),
    },
  },
  loader: async () => (await import("../actions/machine-list.ts")).machineListAction,
});
