import type { Actor } from "../../actor.ts";
import { historyAppend } from "../../history.ts";
import type { MachineId } from "../../ids.ts";
import { machineIdentitySet } from "../../machine-identity.ts";
import type { Tx } from "../../transaction.ts";
import type { Provided } from "../views/machine-record.ts";
import { machineProvidedSet } from "./machine-provided.ts";
import { type MachineSsh, machineSshSet } from "./machine-ssh.ts";
import { defined } from "../../../lib/defined.ts";

/** A machine to add. */
export interface NewMachine {
  machineId: MachineId;
  name?: string;
  labels: Record<string, string>;
  provided: Provided;
  /** What identifies it at network boot. */
  smbiosUuid?: string | undefined;
  macs?: readonly string[];
  ssh?: MachineSsh | undefined;
  actor: Actor;
}

/** Writes a new machine with its tags and its first history entry. */
export async function machineInsert(tx: Tx, machine: NewMachine): Promise<void> {
  const { machineId, name, labels, provided, smbiosUuid, macs = [], ssh, actor } = machine;
  await tx
    .insertInto("machines")
    .values({ machine_id: machineId, name: name ?? null, labels })
    .execute();
  await machineProvidedSet(tx, machineId, provided);
  await machineIdentitySet(tx, machineId, { ...defined({ smbiosUuid }), macs });
  const detail = {
    provider: provided.provider,
    providerId: provided.providerId,
    name,
    ...defined({ smbiosUuid }),
    ...(macs.length === 0 ? {} : { macs }),
  };
  await historyAppend(tx, [{ machineId, actor, event: "machine_added", detail }]);
  if (ssh !== undefined) {
    await machineSshSet(tx, machineId, ssh, actor);
  }
}
