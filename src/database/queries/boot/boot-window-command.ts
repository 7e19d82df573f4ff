import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import { bootWindowClose, bootWindowOpen } from "./boot-window.ts";
import { machineIsIdentified } from "../../machine-identity.ts";
import { operatorCommandOnce } from "../../operator-command-once.ts";
import type { OperatorCommand } from "../../operator-command.ts";

/**
 * Opens a boot window as an operator's command.
 * @throws {DatabaseError} `not_found`; `refused` in quarantine, or if nothing is known that could identify a boot;
 * `request_id_reused`
 */
export async function bootWindowOpenOnce(
  database: Database,
  request: OperatorCommand & { actor: Actor; seconds: number },
): Promise<{ windowId: string; closesAt: Date }> {
  const { answer = {} } = await operatorCommandOnce(database, request, async (tx) => {
    const { windowId, closesAt } = await bootWindowOpen(tx, request.machineId, request);
    if (!(await machineIsIdentified(tx, request.machineId))) {
      throw new DatabaseError(
        "refused",
        "neither an SMBIOS UUID nor a MAC of this machine is known, so nothing identifies its boot: " +
          `give one first, \`farrier machine update ${request.machineId} --help\` says how`,
      );
    }
    return { generation: 0n, answer: { windowId, closesAt: closesAt.toISOString() } };
  });
  return { windowId: String(answer["windowId"]), closesAt: new Date(String(answer["closesAt"])) };
}

/**
 * Closes a machine's boot window as an operator's command.
 * @throws {DatabaseError} `not_found`; `refused` if none is open, or it was used; `request_id_reused`
 */
export async function bootWindowCloseOnce(
  database: Database,
  request: OperatorCommand & { actor: Actor },
): Promise<void> {
  await operatorCommandOnce(database, request, async (tx) => {
    if (!(await bootWindowClose(tx, request))) {
      throw new DatabaseError(
        "refused",
        "this machine has no boot window to close: none is open, or an agent has enrolled by it",
      );
    }
    return { generation: 0n };
  });
}
