import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import { operatorCommandOnce } from "../../operator-command-once.ts";
import type { OperatorCommand } from "../../operator-command.ts";
import { controllerRemove } from "./controller.ts";

/**
 * Removes a machine's controller, as an operator's command.
 * @throws {DatabaseError} `not_found` if there is no such machine, or it has no controller; `request_id_reused`
 */
export async function controllerRemoveOnce(
  database: Database,
  request: OperatorCommand & { actor: Actor },
): Promise<void> {
  await operatorCommandOnce(database, request, async (tx) => {
    if (!(await controllerRemove(tx, request.machineId, request.actor))) {
      throw new DatabaseError("not_found", "this machine has no controller that could be removed");
    }
    return { generation: 0n };
  });
}
