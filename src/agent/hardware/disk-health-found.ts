import type { BlockDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";

/** A disk's health; absent values were not reported. */
export type DiskHealth = Partial<
  Pick<
    BlockDevice,
    | "criticalWarning"
    | "mediaErrors"
    | "availableSpareRatio"
    | "availableSpareLimitRatio"
    | "smartAttribute"
    | "usageRatio"
    | "temperatureCelsius"
    | "powerOnHours"
    | "powerCycles"
    | "unsafeShutdowns"
    | "writtenBytes"
  >
>;
