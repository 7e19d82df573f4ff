import { InstallationState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { valuesByWord } from "./table.ts";

type Known = Exclude<InstallationState, 0>;

/** The states of an installation request, for people. */
export const installationStateWords = {
  [InstallationState.PENDING]: "pending",
  [InstallationState.SUCCEEDED]: "succeeded",
  [InstallationState.FAILED]: "failed",
  [InstallationState.CANCELLED]: "cancelled",
} as const satisfies Record<Known, string>;

/** The same states, as the database stores them. */
export const installationResults = {
  [InstallationState.PENDING]: "pending",
  [InstallationState.SUCCEEDED]: "success",
  [InstallationState.FAILED]: "error",
  [InstallationState.CANCELLED]: "cancelled",
} as const satisfies Record<Known, string>;

/** An installation request's state by the result that the database stores. */
export const installationResultValues = valuesByWord(installationResults);
