import { BootTarget, PowerCommand } from "../../gen/farrier/operator/v1/controller_pb.ts";

/** Power commands by the words that controllers' clients and the database use. */
export const powerWords = {
  status: PowerCommand.STATUS,
  on: PowerCommand.ON,
  off: PowerCommand.OFF,
  "soft-off": PowerCommand.SOFT_OFF,
  cycle: PowerCommand.CYCLE,
  reset: PowerCommand.RESET,
  nmi: PowerCommand.NMI,
} as const;

/** Boot targets by their words. */
export const bootWords = {
  network: BootTarget.NETWORK,
  disk: BootTarget.DISK,
  http: BootTarget.HTTP,
  media: BootTarget.MEDIA,
  setup: BootTarget.SETUP,
} as const;

/** The word of a power command; "" if it has none. Pure. */
export function powerCommandWord(command: PowerCommand): string {
  return Object.entries(powerWords).find(([, value]) => value === command)?.[0] ?? "";
}

/** The word of a boot target; "" if it has none. Pure. */
export function bootTargetWord(target: BootTarget): string {
  return Object.entries(bootWords).find(([, value]) => value === target)?.[0] ?? "";
}
