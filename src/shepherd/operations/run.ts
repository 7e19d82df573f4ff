import type { DatabaseAddress } from "../../database/address/database-address.ts";
import { notificationsListen } from "../../database/notifications.ts";
import { operationLoop, type OperationLoopOptions } from "./loop.ts";

/** Carries operations out until the signal aborts, each as soon as it was asked for where the database's address is known. */
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
