import type { ControllerHealth } from "../controller.ts";
import { defined } from "../../lib/defined.ts";
import { ipmiChassisFaults, ipmiEvents, ipmiSensors } from "./parse.ts";

/** The output of the commands that tell a machine's health; "" = the controller does not support the command. */
export interface IpmiHealthOutput {
  /** `chassis status` */
  chassis: string;
  /** `sdr elist full` */
  sensors: string;
  /** `sel elist last 10` */
  log: string;
}

/** A machine's health by IPMI. Without faults and sensors it is unknown, because nothing then says that it is good. Pure. */
export function ipmiHealth({ chassis, sensors, log }: IpmiHealthOutput): ControllerHealth {
  const { failed, critical, inletCelsius } = ipmiSensors(sensors);
  const faults = ipmiChassisFaults(chassis);
  const known = chassis.trim() !== "" || sensors.trim() !== "";
  return {
    rollup: rollupOf({ known, critical: critical || faults.length > 0, failing: failed.length > 0 }),
    failed: [...faults, ...failed],
    events: ipmiEvents(log),
    unread: [
      ...(chassis.trim() === "" ? ["chassis status"] : []),
      ...(sensors.trim() === "" ? ["sensors"] : []),
      ...(log.trim() === "" ? ["event log"] : []),
    ],
    ...defined({ inletCelsius }),
  };
}

function rollupOf(seen: { known: boolean; critical: boolean; failing: boolean }): ControllerHealth["rollup"] {
  if (seen.critical) {
    return "critical";
  }
  if (seen.failing) {
    return "warning";
  }
  return seen.known ? "ok" : "unknown";
}
