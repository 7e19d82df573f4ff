import { FleetNeedKind } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { valuesByWord } from "./table.ts";

/** What waits for an operator, in the operator API and in words. */
export const fleetNeedWords = {
  [FleetNeedKind.DEADLINE_MISSED]: "deadline-missed",
  [FleetNeedKind.INSTALL_FAILED]: "install-failed",
  [FleetNeedKind.AGENT_LOST]: "agent-lost",
  [FleetNeedKind.SILENT]: "silent",
  [FleetNeedKind.QUARANTINED]: "quarantined",
  [FleetNeedKind.ENROLLMENT]: "enrollment",
  [FleetNeedKind.PROVIDER_UNREACHABLE]: "provider-unreachable",
  [FleetNeedKind.PROVIDER_HELD]: "provider-held",
  [FleetNeedKind.CONTROLLER_FAILING]: "controller-failing",
  [FleetNeedKind.UNHEALTHY]: "unhealthy",
  [FleetNeedKind.NO_SHEPHERD]: "no-shepherd",
} as const;

/** The value of each word. */
export const fleetNeedValues = valuesByWord(fleetNeedWords);
