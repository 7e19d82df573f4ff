import type { DatabaseAddress } from "../../database/address/database-address.ts";
import { notificationsListen } from "../../database/notifications.ts";
import { operationLoop, type OperationLoopOptions } from "./loop.ts";

/** Carries out operations until the signal aborts: at once if the database's address is known, otherwise by polling. */
export async function operationsRun(
  options: Omit<OperationLoopOptions, "woken"> & { address: DatabaseAddress | undefined },
): Promise<void> {
  let hint = Promise.withResolvers<void>();
  const wake = (): void => {
    const { resolve } = hint;
    hint = Promise.withResolvers<void>();
    resolve();
  };
  const { address, log, clock } = options;
  const listening =
    address === undefined
      ? undefined
      : notificationsListen({
          ...{ address, log, clock, channel: "farrier_operation" },
          handlers: { machineChanged: wake, listening: wake, deaf: () => undefined },
        });
  try {
    await operationLoop({ ...options, woken: () => hint.promise });
  } finally {
    await listening?.[Symbol.asyncDispose]();
  }
}
