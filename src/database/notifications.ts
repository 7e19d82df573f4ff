import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { retryDelay } from "../lib/retry.ts";
import type { DatabaseAddress } from "./address/database-address.ts";
import { clientOpen } from "./connection/client.ts";
import { connectionSettings } from "./connect.ts";
import type { MachineId } from "./ids.ts";

/** Callbacks for a server that listens to the database. */
export interface NotificationHandlers {
  /** Something changed that concerns this machine's agent. */
  machineChanged(machineId: MachineId): void;
  /** Listening has begun; earlier changes may have been missed. */
  listening(): void;
  /** Listening has stopped; changes are missed until it begins again. */
  deaf(): void;
}

/**
/**
 * The channels: `farrier_agent` for changes that concern agents, `farrier_machine` for any change of any machine
 * (without its id), `farrier_operation` for operations that were requested or have ended.
 */
export type NotificationChannel = "farrier_agent" | "farrier_machine" | "farrier_operation";

/** Milliseconds between attempts to listen again. */
const policy = { initial: 100, maximum: 5_000, factor: 2 };
/** Milliseconds between two checks of the connection: a dead one may give no error. */
const proofInterval = 10_000;

/** Listens on a connection of its own until disposed of, and reconnects when it breaks. */
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
  // It may reject before anybody awaits it.
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
    await client.end().catch(() => undefined); // The connection is closed already.
  }
}
