import type { Actor } from "../../actor.ts";
import { DatabaseError } from "../../errors.ts";
import type { Generation, MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import type { InstallationRetryPolicy } from "./installation-retry-budget.ts";
import type { InstallationStanding } from "./installation-standing.ts";
import { present } from "../../../lib/defined.ts";

/** What is known about a machine when a request is checked. */
export interface InstallationFacts {
  /** The latest hardware report, serialised. */
  hardware?: { raw: Uint8Array; at: Date };
  installed?: { generation: Generation; digest?: string; at: Date };
}

/** A requested installation. */
export interface InstallationOrder {
  actor: Actor;
  /** Serialises an OSInstallationRequest with that generation. */
  serialise: (generation: Generation) => Uint8Array;
  digest?: string;
  /** The pending generation to replace. */
  replace?: bigint;
  /** A generation greater than the next one, if the caller numbers them. */
  generation?: Generation;
  /** The retry budget. */
  retry?: InstallationRetryPolicy;
  detail?: Record<string, unknown>;
  /** Throws if, according to the facts, the machine can't carry out the request. */
  check?: (facts: InstallationFacts) => void;
}

/** What the check of a request may go by: the hardware report, and the installed image. */
export async function installationFacts(
  tx: Tx,
  machineId: MachineId,
  { installed }: InstallationStanding,
): Promise<InstallationFacts> {
  const hardware = await tx
    .selectFrom("machine_hardware_report")
    .select(["hardware_report_raw", "hardware_reported_at"])
    .where("machine_id", "=", machineId)
    .executeTakeFirst();
  return {
    ...(hardware === undefined
      ? {}
      : { hardware: { raw: hardware.hardware_report_raw, at: hardware.hardware_reported_at } }),
    ...(installed === null
      ? {}
      : {
          installed: {
            generation: installed.generation,
            at: installed.at,
            ...present({ digest: installed.digest }),
          },
        }),
  };
}

/** Refuses a request that the machine's standing does not allow. @throws {DatabaseError} `refused` */
export function installationRequestAllowed(
  { pending, quarantine, lastGeneration }: InstallationStanding,
  { replace, generation }: Pick<InstallationOrder, "replace" | "generation">,
): void {
  quarantineRefuse(quarantine);
  if (pending !== null && replace === undefined) {
    throw new DatabaseError(
      "refused",
      `generation ${pending} is pending on this machine: wait for it, cancel it, or replace it by naming it`,
    );
  }
  if (replace !== undefined && replace !== pending) {
    const now = pending === null ? "nothing is pending" : `generation ${pending} is pending`;
    throw new DatabaseError(
      "refused",
      `generation ${replace} is to be replaced, but ${now} on this machine: look again`,
    );
  }
  if (generation !== undefined && generation <= lastGeneration) {
    throw new DatabaseError(
      "refused",
      `generation ${generation} is not greater than this machine's last one, ${lastGeneration}: generations only grow`,
    );
  }
}

/** Refuses requests for a machine in quarantine. @throws {DatabaseError} `refused` */
export function quarantineRefuse(reason: string | null): void {
  if (reason !== null) {
    throw new DatabaseError("refused", `this machine is in quarantine (${reason}): release it first`);
  }
}
