import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import { powerNote } from "../../database/queries/controller/power.ts";
import { type PowerPace, providedPowerDue } from "../../database/queries/provider/provided-power.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { retryDelay } from "../../lib/retry.ts";
import type { Provider, ProviderPower } from "../provider.ts";

/** What the loop needs. */
export interface PowerLookOptions {
  database: Database;
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
  /** Milliseconds between two looks for machines that are due. */
  interval: number;
}

/** Machines that are read in one turn. */
const batch = 16;
/** Milliseconds until a machine that could not be read is tried again. */
const failingPolicy = { initial: 30_000, maximum: 1_800_000, factor: 2 };

/** Reads the power of a provider's machines, those that matter more often, until the signal aborts. It switches nothing. */
export async function powerLook(
  provider: Provider & { power: ProviderPower; powerPace: PowerPace },
  { database, log, clock, signal, interval }: PowerLookOptions,
): Promise<void> {
  const failing = new Map<MachineId, { times: number; notBefore: number }>();
  const read = async (machineId: MachineId, providerId: string): Promise<void> => {
    try {
      const power = await provider.power.get(providerId, signal);
      await powerNote(database.kysely, machineId, { power, readFrom: provider.name });
      failing.delete(machineId);
    } catch (error) {
      if (!signal.aborted) {
        const times = (failing.get(machineId)?.times ?? 0) + 1;
        failing.set(machineId, { times, notBefore: clock.monotonic() + retryDelay(failingPolicy, times - 1) });
        log.debug(
          { provider: provider.name, machine: machineId, error: describeError(error) },
          "a machine's power could not be read",
        );
      }
    }
  };
  while (!signal.aborted) {
    let more = false;
    try {
      const waiting = [...failing.values()].filter(({ notBefore }) => notBefore > clock.monotonic()).length;
      const due = await providedPowerDue(database, provider.name, provider.powerPace, batch + waiting);
      const now = due
        .filter(({ machineId }) => (failing.get(machineId)?.notBefore ?? 0) <= clock.monotonic())
        .slice(0, batch);
      await Promise.all(now.map(({ machineId, providerId }) => read(machineId, providerId)));
      more = now.length === batch;
    } catch (error) {
      log.warn({ provider: provider.name, error: describeError(error) }, "power could not be looked at; trying again");
    }
    if (!more) {
      await clock.sleep(interval, signal).catch(() => undefined);
    }
  }
}
