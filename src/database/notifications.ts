import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { retryDelay } from "../lib/retry.ts";
import type { DatabaseAddress } from "./address/database-address.ts";
import { clientOpen } from "./connection/client.ts";
import { connectionSettings } from "./connect.ts";
import type { MachineId } from "./ids.ts";

/** What the database tells a server while it listens. */
export interface NotificationHandlers {
  /** Something changed that this machine's agent must hear of. */
  machineChanged(machineId: MachineId): void;
  /** It listens, from now on: what changed before may have been missed. */
  listening(): void;
  /** It does not listen any more: what changes is missed until it does. */
  deaf(): void;
}

/** What may be listened to: what agents must hear of, and whatever changes about any machine (which one is not said). */
export type NotificationChannel = "farrier_agent" | "farrier_machine";

/** Milliseconds between tries to listen again. */
const policy = { initial: 100, maximum: 5_000, factor: 2 };
/** Milliseconds between proofs that the connection lives: one that died silently would never say so. */
const proofInterval = 10_000;

/** Listens on a connection of its own, again whenever that breaks, until disposed of. */
export function notificationsListen(options: {
  address: DatabaseAddress;
  channel?: NotificationChannel;
  handlers: NotificationHandlers;
  log: Logger;
  clock: Clock;
}): AsyncDisposable {
  const { handlers, log, clock } = options;
  const stop = new AbortController();
  const running = (async () => {
    for (let attempt = 0; !stop.signal.aborted; attempt += 1) {
      try {
        await listenOnce(options, stop.signal, () => {
          attempt = 0;
        });
      } catch (error) {
        log.warn({ error: describeError(error) }, "the database's notifications can't be heard; listening again soon");
      }
      handlers.deaf();
      await clock.sleep(retryDelay(policy, attempt), stop.signal).catch(() => undefined);
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

/** Listens until the connection breaks (an error) or the signal aborts. */
async function listenOnce(
  {
    address,
    handlers,
    clock,
    channel = "farrier_agent",
  }: { address: DatabaseAddress; handlers: NotificationHandlers; clock: Clock; channel?: NotificationChannel },
  signal: AbortSignal,
  listening: () => void,
): Promise<void> {
  const client = clientOpen(address, {
    ...connectionSettings,
    query_timeout: proofInterval,
    application_name: "farrier notifications",
  });
  const broken = new Promise<never>((_resolve, reject) => {
    client.once("error", reject);
    client.once("end", () => reject(new Error("the connection ended")));
  });
  // It may break while nobody waits for it yet.
  broken.catch(() => undefined);
  try {
    await client.connect();
    client.on("notification", ({ payload }) => handlers.machineChanged((payload ?? "") as MachineId));
    await client.query(`LISTEN ${channel}`);
    listening();
    handlers.listening();
    while (!signal.aborted) {
      await Promise.race([clock.sleep(proofInterval, signal).catch(() => undefined), broken]);
      if (!signal.aborted) {
        await Promise.race([client.query("SELECT 1"), broken]);
      }
    }
  } finally {
    await client.end().catch(() => undefined); // It is gone already.
  }
}
