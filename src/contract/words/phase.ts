import { Phase } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { valuesByWord } from "./table.ts";

type Known = Exclude<Phase, 0>;

/** An installation's phases, for people. */
export const phaseWords = {
  [Phase.SELECTING_DISK]: "selecting the disk",
  [Phase.WRITING]: "writing",
  [Phase.VERIFYING]: "verifying",
  [Phase.CONFIGURING]: "configuring",
  [Phase.BOOT_ENTRY]: "making the boot entry",
  [Phase.REBOOTING]: "rebooting",
} as const satisfies Record<Known, string>;

/** The same phases, as the database stores them. */
export const phaseNames = {
  [Phase.SELECTING_DISK]: "selecting-disk",
  [Phase.WRITING]: "writing",
  [Phase.VERIFYING]: "verifying",
  [Phase.CONFIGURING]: "configuring",
  [Phase.BOOT_ENTRY]: "boot-entry",
  [Phase.REBOOTING]: "rebooting",
} as const satisfies Record<Known, string>;

/** A phase by the name that the database stores. */
export const phaseValues = valuesByWord(phaseNames);
