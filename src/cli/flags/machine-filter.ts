import { repeatedFlag, switchFlag, textFlag } from "./flag.ts";

/** The flags that say which machines are meant. */
export interface MachineFilterFlags {
  label: readonly string[] | undefined;
  state: readonly string[] | undefined;
  provider: readonly string[] | undefined;
  search: string | undefined;
  overdue: boolean | undefined;
  location: string | undefined;
}

export const machineFilterFlags = {
  label: repeatedFlag("Only machines with this label; repeatable, a machine must have all of them", "KEY=VALUE"),
  state: repeatedFlag("Only machines in this state, such as agent-lost; repeatable, or separated by commas", "STATE"),
  provider: repeatedFlag("Only machines of this provider; repeatable", "NAME"),
  search: textFlag("Beginning of a name, id or provider id, or the value of a label", "TEXT"),
  location: textFlag("Only machines at this location, as their provider tells it", "LOCATION"),
  overdue: switchFlag("Only machines that have missed the deadline of their state"),
} as const;
