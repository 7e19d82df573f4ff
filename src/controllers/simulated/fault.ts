/** What a fault does to a call. */
export type FaultEffect =
  /**
   * The connection is closed before the call is carried out (`cut`), or afterwards but before the answer (`cut-after`).
   */
  | "cut"
  | "cut-after"
  /** No answer comes. */
  | "hang"
  /** The answer breaks off in the middle. */
  | "half"
  /** The answer announces 100 MB, and is sent for as long as the client reads. */
  | "huge"
  | "no-json"
  /** The answer is the usual one, but its links lead to another host. */
  | "foreign-link"
  /** Exactly this answer. */
  | {
      status: number;
      /** The message's id, such as "Base.1.8.ServiceTemporarilyUnavailable". */
      id?: string;
      message?: string;
      headers?: Readonly<Record<string, string>>;
      body?: unknown;
    };

/** A fault of the simulated controller. */
export interface SimulatedFault {
  /** The method and path of the affected calls; absent = all. */
  method?: string;
  path?: RegExp;
  /** Number of affected calls; absent = one. */
  times?: number;
  does: FaultEffect;
}

/** Finds the first fault for this call and counts it down; `faults` is changed. */
export function faultTake(faults: SimulatedFault[], method: string, path: string): FaultEffect | undefined {
  const index = faults.findIndex(
    (fault) => (fault.method ?? method) === method && (fault.path === undefined || fault.path.test(path)),
  );
  const fault = faults[index];
  if (fault === undefined) {
    return undefined;
  }
  const left = (fault.times ?? 1) - 1;
  if (left <= 0) {
    faults.splice(index, 1);
  } else {
    faults[index] = { ...fault, times: left };
  }
  return fault.does;
}
