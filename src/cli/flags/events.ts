import { repeatedFlag } from "./flag.ts";

/** Flags that say which events. */
export interface EventsFlags {
  events: readonly string[] | undefined;
}

/** `--events`, which may be repeated or have several kinds with commas between them. */
export const eventsFlag = {
  events: repeatedFlag(
    "Kinds of events, such as installation_succeeded,agent_lost or installation_* (default: all)",
    "KIND",
  ),
};

/** The kinds of all `--events`. Pure. */
export const eventsOf = ({ events }: EventsFlags): string[] =>
  (events ?? []).flatMap((text) => text.split(",")).filter((kind) => kind !== "");
