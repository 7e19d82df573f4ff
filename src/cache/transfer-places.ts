/** Transfers at the same time: of all callers, of those of them that have no ticket, and of one machine or network. */
const most = 512;
const mostUnproven = 256;
const mostEach = { machine: 4, address: 64 };

/** Counts running transfers. */
export interface TransferPlaces {
  /** Takes a place for a caller until it is disposed of; undefined if there are too many. */
  take(caller: string, kind: keyof typeof mostEach): Disposable | undefined;
}

/** Starts without transfers. */
export function transferPlaces(): TransferPlaces {
  const running = new Map<string, number>();
  let all = 0;
  let unproven = 0;
  return {
    take: (caller, kind) => {
      const own = running.get(caller) ?? 0;
      if (all >= most || (kind === "address" && unproven >= mostUnproven) || own >= mostEach[kind]) {
        return undefined;
      }
      all += 1;
      unproven += kind === "address" ? 1 : 0;
      running.set(caller, own + 1);
      return {
        [Symbol.dispose]: () => {
          all -= 1;
          unproven -= kind === "address" ? 1 : 0;
          const left = (running.get(caller) ?? 1) - 1;
          if (left === 0) {
            running.delete(caller);
          } else {
            running.set(caller, left);
          }
        },
      };
    },
  };
}
