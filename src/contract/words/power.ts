import { BootTarget, PowerCommand } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { valuesByWord } from "./table.ts";

/** What can be asked of a machine's power. */
export const powerCommandWords = {
  [PowerCommand.STATUS]: "status",
  [PowerCommand.ON]: "on",
  [PowerCommand.OFF]: "off",
  [PowerCommand.SOFT_OFF]: "soft-off",
  [PowerCommand.CYCLE]: "cycle",
  [PowerCommand.RESET]: "reset",
  [PowerCommand.NMI]: "nmi",
} as const satisfies Record<Exclude<PowerCommand, 0>, string>;

/** A power command by its word. */
export const powerCommandValues = valuesByWord(powerCommandWords);

/** Where a machine can boot from. */
export const bootTargetWords = {
  [BootTarget.NETWORK]: "network",
  [BootTarget.DISK]: "disk",
  [BootTarget.HTTP]: "http",
  [BootTarget.MEDIA]: "media",
  [BootTarget.SETUP]: "setup",
} as const satisfies Record<Exclude<BootTarget, 0>, string>;

/** A boot target by its word. */
export const bootTargetValues = valuesByWord(bootTargetWords);
