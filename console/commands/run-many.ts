// One command for many machines, carried out by this page: a few at a time, a result for each.

/** Machines that a command is sent for at a time. */
export const machinesAtATime = 8;

/** A result of one machine. */
export type ManyResult =
  | { kind: "done"; text: string }
  | { kind: "failed"; error: string }
  /** Not sent, because the run was stopped before. */
  | { kind: "left" };

/** What a {@link runMany} is given. */
export interface ManyRun<Job> {
  jobs: readonly Job[];
  send: (job: Job) => Promise<string>;
  /** Words of an error. */
  words: (error: unknown) => string;
  /** Called for each job when it begins and when it has its result. */
  tell: (index: number, result: ManyResult | "sending") => void;
  /** Asked before each job: true leaves the rest. */
  stopped: () => boolean;
}

/** Sends for each job, {@link machinesAtATime} at a time, in their order; resolves when all have their results. */
export async function runMany<Job>({ jobs, send, words, tell, stopped }: ManyRun<Job>): Promise<ManyResult[]> {
  const results: ManyResult[] = Array.from({ length: jobs.length }, () => ({ kind: "left" }));
  const waiting = jobs.entries();
  const worker = async (): Promise<void> => {
    for (const [index, job] of waiting) {
      if (stopped()) {
        return;
      }
      tell(index, "sending");
      const result = await send(job).then(
        (text): ManyResult => ({ kind: "done", text }),
        (error: unknown): ManyResult => ({ kind: "failed", error: words(error) }),
      );
      results[index] = result;
      tell(index, result);
    }
  };
  await Promise.all(Array.from({ length: machinesAtATime }, worker));
  return results;
}

/** Machines with the same error. */
export interface ErrorGroup<Entry> {
  error: string;
  entries: Entry[];
}

/** Entries by their errors, the most frequent first. What differs by machine in a text is taken out. Pure. */
export function errorGroups<Entry>(entries: readonly Entry[], errorOf: (entry: Entry) => string): ErrorGroup<Entry>[] {
  const groups = Map.groupBy(entries, (entry) => errorKey(errorOf(entry)));
  return [...groups.values()]
    .flatMap((group): ErrorGroup<Entry>[] => {
      const [first] = group;
      return first === undefined ? [] : [{ error: errorOf(first), entries: group }];
    })
    .toSorted((a, b) => b.entries.length - a.entries.length);
}

/** An error without what differs from machine to machine: UUIDs, numbers, digests, times. Pure. */
export function errorKey(error: string): string {
  return error
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/giu, "ID")
    .replaceAll(/[0-9a-f]{12,}/giu, "HEX")
    .replaceAll(/\d+/gu, "N");
}
