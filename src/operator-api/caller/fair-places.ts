/** Gives out a few places; callers take turns, so that one with much to do does not use up the places of others. */
export interface FairPlaces {
  /**
   * Resolves to a function that gives the place up, once there is one for this caller.
   * @throws the signal's reason, if it aborts before that
   */
  take(caller: string, signal: AbortSignal): Promise<() => void>;
}

interface Line {
  running: number;
  waiting: (() => void)[];
}

/** @param limits the number of places in all, and how many of them one caller may have */
export function fairPlaces(limits: { all: number; each: number }): FairPlaces {
  const lines = new Map<string, Line>();
  let running = 0;

  /** The caller with the fewest places is next; of several, the one whose turn is longest ago. */
  function next(): void {
    if (running >= limits.all) {
      return;
    }
    const [chosen] = [...lines]
      .filter(([, line]) => line.waiting.length > 0 && line.running < limits.each)
      .toSorted(([, one], [, other]) => one.running - other.running);
    const begin = chosen?.[1].waiting.shift();
    if (chosen === undefined || begin === undefined) {
      return;
    }
    const [caller, line] = chosen;
    running += 1;
    line.running += 1;
    lines.delete(caller);
    lines.set(caller, line);
    begin();
    next();
  }

  function tidy(caller: string, line: Line): void {
    if (line.running === 0 && line.waiting.length === 0) {
      lines.delete(caller);
    }
  }

  return {
    take: (caller, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const line = lines.get(caller) ?? { running: 0, waiting: [] };
        lines.set(caller, line);
        const gone = (): void => {
          line.waiting = line.waiting.filter((each) => each !== begin);
          tidy(caller, line);
          reject(signal.reason as Error);
        };
        const begin = (): void => {
          signal.removeEventListener("abort", gone);
          resolve(() => {
            running -= 1;
            line.running -= 1;
            tidy(caller, line);
            next();
          });
        };
        signal.addEventListener("abort", gone, { once: true });
        line.waiting.push(begin);
        next();
      }),
  };
}
