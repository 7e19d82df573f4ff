import { createHash, randomUUID } from "node:crypto";
import {
  credentialId,
  type CredentialId,
  machineId as toMachineId,
  type MachineId,
  operationId,
  type OperationId,
  requestId,
} from "../../src/database/ids.ts";
import { operationAsk, type OperationAsked, operationShow } from "../../src/database/queries/controller/operation.ts";
import { passwordChangeFree } from "../../src/database/queries/controller/operation-password.ts";
import { credentialPlace, operationPasswordPlace } from "../../src/secrets/credential-open.ts";
import type { KeyRing } from "../../src/secrets/key-ring.ts";
import type { Fleet } from "./fleet.ts";
import { waitFor } from "./wait.ts";

/** A machine with its controller and its credential, stored without a call. */
export interface StoredController {
  machineId: MachineId;
  credential: CredentialId;
}

/**
 * Stores a machine, its controller in clear text, and a credential `rack-NAME` for it, as `farrier bmc add` does. The
 * machine is in quarantine, so that a shepherd does nothing with it by itself.
 * @param stored.shared the credential of another controller, in place of one of its own
 */
export async function controllerStore(
  fleet: Fleet,
  ring: Pick<KeyRing, "seal">,
  { name, url, password, shared }: { name: string; url: string; password: string; shared?: CredentialId | undefined },
): Promise<StoredController> {
  const credential = shared ?? credentialId(randomUUID());
  if (shared === undefined) {
    await fleet.rows(
      `INSERT INTO credential (credential_id, credential_name, kind, user_name, sealed_secret, allowed, created_by)
       VALUES ($1, $2, 'bmc', 'admin', $3, '{127.0.0.0/8}', 'test')`,
      credential,
      `rack-${name}`,
      Buffer.from(ring.seal(credentialPlace(credential, "secret"), Buffer.from(password))),
    );
  }
  const rows = await fleet.rows<{ machine_id: string }>(
    "INSERT INTO machines (name) VALUES ($1) RETURNING machine_id",
    name,
  );
  const machineId = toMachineId(rows[0]?.machine_id ?? "");
  await fleet.rows(
    "INSERT INTO machine_quarantine (machine_id, reason, quarantined_by) VALUES ($1, 'test', 'test')",
    machineId,
  );
  await fleet.rows(
    `INSERT INTO machine_controller (
       machine_id, protocol, url, system, credential_id, trusted_by, power_commands, boot_targets, virtual_media,
       may_control, rules, set_by
     ) VALUES ($1, 'redfish', $2, '/redfish/v1/Systems/1', $3, 'clear-text', '{on,off}', '{network}', false, true, '{}', 'test')`,
    machineId,
    url,
    credential,
  );
  return { machineId, credential };
}

/** Asks for an operation on a machine, as an operator does. */
export async function controllerAsk(
  { database }: Fleet,
  machineId: MachineId,
  asked: OperationAsked,
  sealPassword?: (id: OperationId) => Uint8Array,
): Promise<OperationId> {
  const id = requestId(randomUUID());
  const operation = await operationAsk(database, {
    requestId: id,
    bodyDigest: createHash("sha256").update(id).digest(),
    machineId,
    asked,
    askedBy: "anna",
    ...(asked.kind === "password" ? { guard: (tx) => passwordChangeFree(tx, machineId) } : {}),
    ...(sealPassword === undefined ? {} : { sealedPassword: sealPassword(operationId(id)) }),
  });
  return operation.operationId;
}

/** Asks for a change of the password. @param password absent = the shepherd makes one */
export function passwordChangeAsk(
  fleet: Fleet,
  ring: Pick<KeyRing, "seal">,
  machineId: MachineId,
  password: string | undefined,
): Promise<OperationId> {
  const sealed = (id: OperationId) => ring.seal(operationPasswordPlace(id), Buffer.from(password ?? ""));
  return controllerAsk(fleet, machineId, { kind: "password" }, password === undefined ? undefined : sealed);
}

/** Waits for the end of an operation. */
export async function operationEnd({ database }: Fleet, id: OperationId): Promise<Record<string, unknown>> {
  const patience = { timeoutMs: 120_000, intervalMs: 20 };
  const ended = await waitFor("the operation to end", async () => (await operationShow(database, id)).ended, patience);
  return { ...ended };
}
