import type { Database } from "../database/connect.ts";
import { DatabaseError } from "../database/errors.ts";
import {
  providedAdd,
  type ProvidedKnown,
  providedList,
  providedUpdate,
  providedVanish,
} from "../database/queries/provider/provided.ts";
import { providerNote } from "../database/queries/provider/provider.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { type ProvidedMachine, type Provider, ProviderError } from "./provider.ts";
import { syncDecide } from "./provider-sync-decide.ts";

/** What a look at a provider did. */
export interface SyncDone {
  added: number;
  updated: number;
  vanished: number;
  /** Machines that could not be written down as they were told of; each is logged. */
  refused: number;
}

const actor = { kind: "component", name: "shepherd" } as const;

/**
 * What the looks at one provider remember: of which machine something was another machine's already, and what was told of it then.
 * So it is logged once, and tried again only when the provider tells something else.
 */
export type SyncMemory = Map<string, string>;

/**
 * Brings what is known of a provider's machines up to what it tells: new ones are added, those that it does not tell of any
 * more are marked. Idempotent; any number of shepherds may do it at once.
 * @throws {ProviderError} when it can't be listed, which is noted down; {DatabaseError} `unavailable`
 */
export async function providerSync(
  database: Database,
  provider: Provider & { list: NonNullable<Provider["list"]> },
  { log, signal, memory }: { log: Logger; signal: AbortSignal; memory: SyncMemory },
): Promise<SyncDone> {
  const power = provider.power !== undefined;
  const listed = await provider.list(signal).catch(async (error: unknown) => {
    const unreachable = error instanceof ProviderError ? error.message : describeError(error);
    if (!signal.aborted) {
      await providerNote(database, provider.name, { power, listed: false, unreachable });
    }
    throw error;
  });
  const known = await providedList(database, provider.name);
  const decision = syncDecide(withoutRefused(listed, known, memory), known);
  const done: SyncDone = { added: 0, updated: 0, vanished: 0, refused: 0 };

  /** Writes it as it is told of, or if that is another machine's already the next best way. */
  async function write(
    machine: ProvidedMachine,
    ways: readonly ProvidedMachine[],
    one: (way: ProvidedMachine) => Promise<unknown>,
  ): Promise<boolean> {
    for (const way of ways) {
      try {
        await one(way);
        return true;
      } catch (error) {
        if (!(error instanceof DatabaseError && error.code === "exists")) {
          throw error;
        }
        if (memory.get(machine.providerId) !== identityText(machine)) {
          memory.set(machine.providerId, identityText(machine));
          log.warn(
            { provider: provider.name, machine: machine.providerId, error: error.message },
            "not all of it can be written down",
          );
        }
      }
    }
    done.refused += 1;
    return false;
  }

  for (const machine of decision.add) {
    const added = await write(machine, waysToAdd(machine), (way) => providedAdd(database, provider.name, way, actor));
    done.added += Number(added);
  }
  for (const { known: before, machine } of decision.update) {
    const ways = [machine, withIdentityOf(machine, before)];
    done.updated += Number(await write(machine, ways, (way) => providedUpdate(database, before, way, actor)));
  }
  for (const { machineId } of decision.vanish) {
    await providedVanish(database, machineId, actor);
    done.vanished += 1;
  }
  await providerNote(database, provider.name, { power, listed: true });
  return done;
}

function identityText({ smbiosUuid, macs }: ProvidedMachine): string {
  return JSON.stringify([smbiosUuid, macs.toSorted()]);
}

function withIdentityOf(
  { smbiosUuid: _told, ...machine }: ProvidedMachine,
  { smbiosUuid, macs }: ProvidedKnown,
): ProvidedMachine {
  return { ...machine, ...(smbiosUuid === undefined ? {} : { smbiosUuid }), macs };
}

/** What is told, with the identity that is known of those whose own was refused before. */
function withoutRefused(
  listed: readonly ProvidedMachine[],
  known: readonly ProvidedKnown[],
  memory: SyncMemory,
): ProvidedMachine[] {
  const before = new Map(known.map((machine) => [machine.providerId, machine]));
  return listed.map((machine) => {
    const there = before.get(machine.providerId);
    return there !== undefined && memory.get(machine.providerId) === identityText(machine)
      ? withIdentityOf(machine, there)
      : machine;
  });
}

/**
 * A machine is added even where something of it is another machine's already: without its name, and without the SMBIOS UUID
 * that its maker gave two boards. By its MACs it can be told from the other still. Pure.
 */
export function waysToAdd(machine: ProvidedMachine): ProvidedMachine[] {
  const { name, ...nameless } = machine;
  const { smbiosUuid, ...byMacs } = machine;
  const { name: _name, ...least } = byMacs;
  return [
    machine,
    ...(name === undefined ? [] : [nameless]),
    ...(smbiosUuid === undefined || machine.macs.length === 0 ? [] : [byMacs, ...(name === undefined ? [] : [least])]),
  ];
}
