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
import { defined } from "../lib/defined.ts";

/** What one sync with a provider changed. */
export interface SyncDone {
  added: number;
  updated: number;
  vanished: number;
  /** Number of machines that could not be stored as reported; each is logged. */
  refused: number;
}

const actor = { kind: "component", name: "shepherd" } as const;

/**
 * Remembers, between syncs, each machine whose report conflicted with another machine, with that report. The conflict
 * is logged once, and storing is tried again only after the report changes.
 */
export type SyncMemory = Map<string, string>;

/**
 * Updates a provider's stored machines from its list: new ones are added, those no longer listed are marked.
 * Idempotent; any number of shepherds may do it at once.
 * @throws {ProviderError} if it can't be listed, which is recorded; {DatabaseError} `unavailable`
 */
export async function providerSync(
  database: Database,
  provider: Provider & { list: NonNullable<Provider["list"]> },
  { log, signal, memory }: { log: Logger; signal: AbortSignal; memory: SyncMemory },
): Promise<SyncDone> {
  const abilities = { power: provider.power !== undefined, autostart: provider.autostart ?? false };
  const listed = await provider.list(signal).catch(async (error: unknown) => {
    const unreachable = error instanceof ProviderError ? error.message : describeError(error);
    if (!signal.aborted) {
      await providerNote(database, provider.name, { ...abilities, listed: false, unreachable });
    }
    throw error;
  });
  const known = await providedList(database, provider.name);
  const decision = syncDecide(withoutRefused(listed, known, memory), known);
  const done: SyncDone = { added: 0, updated: 0, vanished: 0, refused: 0 };

  /** Stores a machine as reported. If that conflicts with another machine, stores it the next best way. */
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
            "not all of it can be stored",
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
  await providerNote(database, provider.name, { ...abilities, listed: true });
  return done;
}

function identityText({ smbiosUuid, macs }: ProvidedMachine): string {
  return JSON.stringify([smbiosUuid, macs.toSorted()]);
}

function withIdentityOf(
  { smbiosUuid: _told, ...machine }: ProvidedMachine,
  { smbiosUuid, macs }: ProvidedKnown,
): ProvidedMachine {
  return { ...machine, ...defined({ smbiosUuid }), macs };
}

/** The report; for a machine whose reported identity was refused before, with the stored identity. */
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
 * The reports to try in order, because a machine is added even if part of its report conflicts with another machine: as
 * reported, without its name, without its SMBIOS UUID, without both. Some makers gave one UUID to two boards; the MACs
 * still distinguish them. Pure.
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
