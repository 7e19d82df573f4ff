/** What goes wrong with a call. */
export type FaultEffect =
  /** The connection is closed before anything is done, or after it is done and before the answer. */
  | "cut"
  | "cut-after"
  /** No answer comes. */
  | "hang"
  /** The answer begins and breaks off. */
  | "half"
  /** The answer says 100 MB, and sends as much of it as is taken. */
  | "huge"
  | "no-json"
  /** The answer is as usual, but its links lead to another host. */
  | "foreign-link"
  /** This answer. */
  | {
      status: number;
      /** Of a message: "Base.1.8.ServiceTemporarilyUnavailable". */
      id?: string;
      message?: string;
      headers?: Readonly<Record<string, string>>;
      body?: unknown;
    };

/** A fault of the simulated controller. */
export interface SimulatedFault {
  /** Which calls; absent = all. */
  method?: string;
  path?: RegExp;
  /** How many of them; absent = one. */
  times?: number;
  does: FaultEffect;
}

/** The first fault that this call runs into; it is used up once. Changes `faults`. */
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
