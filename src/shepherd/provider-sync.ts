import type { Database } from "../database/connect.ts";
import { isUniqueViolation } from "../database/errors.ts";
import { doubtsAccepted, doubtsWrite } from "../database/queries/provider/provider-doubt.ts";
import { providerNote } from "../database/queries/provider/provider.ts";
import { providedAddAll, providedJoin } from "../database/queries/provider/provided-add.ts";
import { takenRead } from "../database/queries/provider/provided-taken.ts";
import { providedUpdateAll, providedVanishAll } from "../database/queries/provider/provided-update.ts";
import { providedList } from "../database/queries/provider/provided.ts";
import type { SessionId } from "../database/ids.ts";
import { transact, type Tx } from "../database/transaction.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { type ProvidedListing, type ProvidedMachine, type Provider, ProviderError } from "./provider.ts";
import { limitDecide } from "./provider-limit-decide.ts";
import { syncDecide, type SyncUpdate } from "./provider-sync-decide.ts";
import { changesFit, machineFit, nothingTaken } from "./provider-taken-decide.ts";

/** What one sync with a provider changed. */
export interface SyncDone {
  added: number;
  /** Known machines that became the provider's. */
  joined: number;
  updated: number;
  vanished: number;
  /** Number of machines that could not be stored as reported; each is named in the provider's problems. */
  refused: number;
  /** Why nothing of the list was taken. */
  held?: string;
}

const actor = { kind: "component", name: "shepherd" } as const;
/** Machines that are written in one transaction. */
const batchSize = 500;
/** How often a batch is tried whose machines another transaction takes at the same time. */
const tries = 5;
/** Problems that are kept of one list. */
const problemsKept = 101;

/** What a sync needs. */
export interface SyncOptions {
  log: Logger;
  signal: AbortSignal;
  /** The session under which it writes: a lost one writes nothing more. */
  session: { id: SessionId } | null;
}

/** Lists a provider. That it can't be listed is recorded. @throws {ProviderError}; {DatabaseError} `unavailable` */
export async function providerListing(
  database: Database,
  provider: Provider & { list: NonNullable<Provider["list"]> },
  signal: AbortSignal,
): Promise<ProvidedListing> {
  try {
    return await provider.list(signal);
  } catch (error) {
    if (!signal.aborted) {
      const unreachable = error instanceof ProviderError ? error.message : describeError(error);
      await providerNote(database, { name: provider.name, power: provider.power !== undefined }, { unreachable });
    }
    throw error;
  }
}

/**
 * Updates a provider's stored machines from its list: new ones are added, or joined to known ones; those no longer listed are
 * marked. A list that differs too much is not believed, and nothing of it is taken. Idempotent; each batch commits by itself,
 * so that a sync that was killed goes on where it was.
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function providerSync(
  database: Database,
  provider: Provider,
  listing: ProvidedListing,
  { log, signal, session }: SyncOptions,
): Promise<SyncDone> {
  const { name } = provider;
  const known = await providedList(database, name);
  const decision = syncDecide(listing.machines, known);
  const limit = limitDecide(decision, listing, {
    known: known.filter(({ vanished }) => !vanished).length,
    accepted: await doubtsAccepted(database, name),
    believed: provider.believed === true,
  });
  const done: SyncDone = { added: 0, joined: 0, updated: 0, vanished: 0, refused: 0 };
  const problems = [...(listing.problems ?? [])];
  const write = <T>(action: (tx: Tx) => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    return contended(() => transact(database, session, action));
  };
  const noted = () =>
    providerNote(
      database,
      { name, power: provider.power !== undefined },
      { machines: listing.machines.length, problems: problems.slice(0, problemsKept) },
    );

  if (limit.cause !== undefined) {
    await noted();
    await write((tx) => doubtsWrite(tx, name, { cause: limit.cause, doubts: limit.doubts }));
    return { ...done, held: limit.cause };
  }
  for (const batch of batches(decision.update)) {
    const fit = await write((tx) => updateBatch(tx, name, batch));
    done.updated += fit.updated;
    problems.push(...fit.problems);
  }
  for (const batch of batches(decision.add)) {
    const fit = await write((tx) => addBatch(tx, name, batch));
    done.added += fit.added;
    done.joined += fit.joined;
    done.refused += fit.refused;
    problems.push(...fit.problems);
  }
  for (const batch of limit.vanish ? batches(decision.vanish) : []) {
    const ids = batch.map(({ machineId }) => machineId);
    done.vanished += (await write((tx) => providedVanishAll(tx, name, ids, actor))).length;
  }
  await noted();
  await write((tx) => doubtsWrite(tx, name, { cause: undefined, doubts: [] }));
  if (done.added + done.joined + done.updated + done.vanished > 0) {
    log.info({ provider: name, ...done }, "the provider's machines are stored");
  }
  return done;
}

async function updateBatch(
  tx: Tx,
  provider: string,
  batch: readonly SyncUpdate[],
): Promise<{ updated: number; problems: string[] }> {
  const taken = await takenRead(
    tx,
    provider,
    batch.map(({ change: { machineId, listed, name, smbiosUuid, addMacs } }) => ({
      ...{ machineId, providerId: listed.providerId, name, macs: addMacs },
      smbiosUuid: smbiosUuid ?? undefined,
    })),
  );
  const fit = changesFit(batch, taken);
  const changes = fit.flatMap(({ change }) => (change === undefined ? [] : [change]));
  if (changes.length > 0) {
    await providedUpdateAll(tx, provider, changes, actor);
  }
  return { updated: changes.length, problems: fit.flatMap(({ problems }) => problems) };
}

async function addBatch(
  tx: Tx,
  provider: string,
  batch: readonly ProvidedMachine[],
): Promise<{ added: number; joined: number; refused: number; problems: string[] }> {
  const taken = await takenRead(tx, provider, batch);
  const add: ProvidedMachine[] = [];
  const problems: string[] = [];
  const joinedIds = new Set<string>();
  let refused = 0;
  for (const [n, machine] of batch.entries()) {
    const fit = machineFit(machine, taken[n] ?? nothingTaken, provider);
    problems.push(...fit.problems);
    switch (fit.how) {
      case "add":
        add.push(fit.machine);
        break;
      case "join":
        if (joinedIds.has(fit.machineId)) {
          problems.push(`${machine.providerId}: another entry is the same machine already`);
          refused += 1;
          break;
        }
        joinedIds.add(fit.machineId);
        await providedJoin(tx, provider, fit.machineId, machine, actor);
        break;
      case "there":
        break;
      case "refuse":
        refused += 1;
        break;
    }
  }
  if (add.length > 0) {
    await providedAddAll(tx, provider, add, actor);
  }
  return { added: add.length, joined: joinedIds.size, refused, problems };
}

function batches<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / batchSize);
  return Array.from({ length: count }, (_, n) => all.slice(n * batchSize, (n + 1) * batchSize));
}

/** Tries again if another transaction took a name or an identity between the look and the write. */
async function contended<T>(action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (isUniqueViolation(error) === undefined || attempt === tries) {
        throw error;
      }
    }
  }
}
