import type { Clock } from "../../lib/clock.ts";
import {
  generationState,
  type ClosedHow,
  type Closing,
  type GenerationRecord,
  type HandedBy,
} from "./generation-record.ts";

/** Rules that the server broke, in words. */
export type Violations = string[];

/** What an OK answer said, for the record. */
export interface Answered {
  machine: number;
  run: string;
  /** When the call was sent: the answer must reflect everything that was final by then. */
  sentAt: number;
  request?: bigint;
  cancelled?: bigint;
  reported?: { generation: bigint; result: "success" | "error" };
}

/**
 * The record of a simulation: each generation of each machine, from the request to its final result, as the operators'
 * and the agents' side saw it. It continuously checks that nothing is lost and nothing done twice; times are
 * milliseconds of the clock.
 */
export interface SimulationRecord {
  /** An operator is about to request a generation's end: from now on that may have happened. */
  closing(machine: number, generation: bigint, how: Closing): void;
  /** The control plane refused that. */
  closingRefused(machine: number, generation: bigint): void;
  /** An operator's request, first sent at `sentAt`, was answered. */
  requested(machine: number, generation: bigint, sentAt: number): void;
  /** The generation is known to have its final result, or to be replaced. */
  closed(machine: number, generation: bigint, how: ClosedHow): void;
  /** An earlier simulation requested it; it may still be pending. */
  found(machine: number, generation: bigint, pending: boolean): void;
  /** A run of a machine's agent begins, or ends. */
  runStarted(machine: number, run: string): void;
  runEnded(machine: number, run: string): void;
  /** A heartbeat was answered OK. */
  answered(answer: Answered): void;
  /** A Watch stream, opened at `openedAt`, brought a request. */
  watched(news: { machine: number; run: string; openedAt: number; request?: bigint; cancelled?: bigint }): void;
  begun(machine: number, generation: bigint, run: string): void;
  /** WRITING, requested at `sentAt`, was acknowledged. */
  writing(machine: number, generation: bigint, run: string, sentAt: number): void;
  /** A progress report, sent at `sentAt`, was answered OK and did not call it off. */
  progressed(machine: number, generation: bigint, run: string, sentAt: number): void;
  /** The answer to a progress report called it off. */
  calledOff(machine: number, generation: bigint): void;
  /** A report is about to be sent: from now on it may have arrived. */
  reporting(machine: number, generation: bigint): void;
  /** The control plane refused an agent's key, or its message. */
  refused(machine: number, what: string): void;
  violation(text: string): void;
  /** Looks for requests that no agent has received for too long. */
  overdue(bound: number): void;
  /** The machine's newest generation that is not known to be closed. */
  open(machine: number): GenerationRecord | undefined;
  /** All that are not known to be closed. */
  openAll(): GenerationRecord[];
  generations(): Iterable<GenerationRecord>;
  readonly violations: Violations;
}

/** Consecutive heartbeats of one run that may lack a request, which may have been replaced at that moment. */
const missesAllowed = 1;
/** Milliseconds by which a message on a stream may arrive after a result was committed. */
const streamSlack = 5_000;
/** The control plane hands a generation to this many runs, and ends it when another one asks. */
const runsAllowed = 3;
const mayBeSuccess: ReadonlySet<ClosedHow> = new Set(["success", "closed, as the control plane said when asked"]);
/** Further violations are counted, but not stored. */
const violationsTold = 1_000;

/** Starts empty. `heard` is called with the milliseconds from sending a request to its arrival at an agent. */
export function createRecord(options: {
  clock: Pick<Clock, "monotonic">;
  name: (machine: number) => string;
  heard: (by: HandedBy, milliseconds: number) => void;
  violated?: ((text: string) => void) | undefined;
}): SimulationRecord {
  const { clock, name } = options;
  const machines = new Map<number, Map<bigint, GenerationRecord>>();
  const open = new Set<GenerationRecord>();
  const lives = new Map<number, { run: string; ended?: number }[]>();
  const violations: Violations = [];

  function violation(text: string): void {
    if (violations.length < violationsTold) {
      violations.push(text);
      options.violated?.(text);
    }
  }

  function find(machine: number, generation: bigint): GenerationRecord {
    let of = machines.get(machine);
    if (of === undefined) {
      of = new Map();
      machines.set(machine, of);
    }
    let found = of.get(generation);
    if (found === undefined) {
      found = { machine, generation, runs: [], writing: [], misses: 0 };
      of.set(generation, found);
      open.add(found);
    }
    return found;
  }

  function title(of: GenerationRecord): string {
    return `${name(of.machine)} generation ${of.generation}`;
  }

  function close(of: GenerationRecord, how: ClosedHow): void {
    if (of.closed === undefined) {
      of.closed = { at: clock.monotonic(), how };
      open.delete(of);
    }
  }

  function offered(of: GenerationRecord, by: HandedBy, sentAt: number): void {
    const now = clock.monotonic();
    of.misses = 0;
    if (of.heardAt === undefined) {
      of.heardAt = now;
      of.heardBy = by;
      if (of.requestedAt !== undefined) {
        options.heard(by, now - of.requestedAt);
      }
    }
    const { closed } = of;
    // A call that was sent after the end must reflect it; a stream that was opened before may still bring earlier
    // messages.
    if (closed !== undefined && (closed.at < sentAt || (by === "watch" && closed.at + streamSlack < now))) {
      violation(`${title(of)} was handed out by ${by}, ${Math.round(now - closed.at)} ms after it was ${closed.how}`);
    }
  }

  function cancelled(of: GenerationRecord, sentAt: number): void {
    of.toldOffAt ??= clock.monotonic();
    const state = generationState(of);
    if (state === "open" && runsSince(of) <= runsAllowed) {
      violation(`${title(of)} was called off, though nobody asked for that, and it was not handed to too many runs`);
    }
    // A late success is answered OK too: if an operator requested the end at the same time, the order is unknown here.
    if (of.closed?.how === "success" && of.closing === undefined && of.closed.at < sentAt) {
      violation(`${title(of)} was called off after its success`);
    }
    close(of, of.closing ?? "ended by the server");
  }

  /** The maximum number of runs that may have received it. */
  function runsSince(of: GenerationRecord): number {
    const since = of.requestedAt ?? 0;
    return (lives.get(of.machine) ?? []).filter(({ ended }) => ended === undefined || ended > since).length;
  }

  /** The newest generation that must be in the answer to a call sent at that time. */
  function owed(machine: number, sentAt: number): GenerationRecord | undefined {
    const newest = newestOf(machine);
    return newest !== undefined &&
      newest.answeredAt !== undefined &&
      newest.answeredAt < sentAt &&
      generationState(newest) === "open"
      ? newest
      : undefined;
  }

  function newestOf(machine: number): GenerationRecord | undefined {
    let newest: GenerationRecord | undefined;
    for (const each of machines.get(machine)?.values() ?? []) {
      newest = newest === undefined || each.generation > newest.generation ? each : newest;
    }
    return newest;
  }

  return {
    violations,
    violation,
    closing: (machine, generation, how) => {
      find(machine, generation).closing = how;
    },
    closingRefused: (machine, generation) => {
      delete find(machine, generation).closing;
    },
    requested: (machine, generation, sentAt) => {
      const of = find(machine, generation);
      if (of.requestedAt !== undefined) {
        violation(`${title(of)} was given to two requests`);
      }
      of.requestedAt = sentAt;
      of.answeredAt = clock.monotonic();
      if (of.heardAt !== undefined && of.heardBy !== undefined) {
        options.heard(of.heardBy, of.heardAt - sentAt);
      }
    },
    found: (machine, generation, pending) => {
      const of = find(machine, generation);
      if (!pending) {
        close(of, "closed, as the control plane said when asked");
      }
    },
    closed: (machine, generation, how) => close(find(machine, generation), how),
    runStarted: (machine, run) => {
      const of = lives.get(machine) ?? [];
      of.push({ run });
      lives.set(machine, of);
    },
    runEnded: (machine, run) => {
      const life = lives.get(machine)?.find((each) => each.run === run);
      if (life !== undefined) {
        life.ended = clock.monotonic();
      }
    },
    answered: ({ machine, run, sentAt, request, cancelled: off, reported }) => {
      const due = owed(machine, sentAt);
      if (request !== undefined) {
        offered(find(machine, request), "heartbeat", sentAt);
      }
      if (off !== undefined) {
        cancelled(find(machine, off), sentAt);
      }
      if (reported !== undefined) {
        close(find(machine, reported.generation), reported.result);
      }
      if (due !== undefined && generationState(due) === "open" && (request ?? 0n) < due.generation) {
        due.misses += 1;
        if (due.misses === missesAllowed + 1) {
          violation(`${title(due)} is pending, but ${due.misses} heartbeats in a row (run ${run}) did not bring it`);
        }
      }
    },
    watched: ({ machine, openedAt, request, cancelled: off }) => {
      if (request !== undefined) {
        offered(find(machine, request), "watch", openedAt);
      }
      if (off !== undefined) {
        cancelled(find(machine, off), openedAt);
      }
    },
    begun: (machine, generation, run) => {
      const of = find(machine, generation);
      if (of.runs.includes(run)) {
        violation(`${title(of)} was begun twice by run ${run}: the simulator is at fault`);
      }
      of.runs.push(run);
      of.begunAt ??= clock.monotonic();
    },
    writing: (machine, generation, run, sentAt) => {
      const of = find(machine, generation);
      if (of.closed !== undefined && of.closed.at < sentAt) {
        const late = Math.round(sentAt - of.closed.at);
        violation(`${title(of)}: WRITING was acknowledged to run ${run}, ${late} ms after it was ${of.closed.how}`);
      }
      of.writing.push(run);
    },
    progressed: (machine, generation, run, sentAt) => {
      const of = find(machine, generation);
      // A success may be reported once more: another run finished it.
      const { closed } = of;
      if (closed !== undefined && closed.at < sentAt && !mayBeSuccess.has(closed.how)) {
        violation(`${title(of)}: run ${run} was let go on after it was ${closed.how}`);
      }
    },
    calledOff: (machine, generation) => cancelled(find(machine, generation), 0),
    reporting: (machine, generation) => {
      find(machine, generation).reportSent = true;
    },
    refused: (machine, what) => violation(`${name(machine)}: ${what}`),
    overdue: (bound) => {
      const late = clock.monotonic() - bound;
      for (const of of open) {
        const { answeredAt, heardAt, toldOffAt } = of;
        if (answeredAt !== undefined && answeredAt < late && heardAt === undefined && toldOffAt === undefined) {
          if (of.overdue !== true && newestOf(of.machine) === of) {
            of.overdue = true;
            violation(`${title(of)} is lost: no agent heard of it within ${Math.round(bound / 1000)} s`);
          }
        }
      }
    },
    open: (machine) => {
      const newest = newestOf(machine);
      return newest !== undefined && newest.closed === undefined ? newest : undefined;
    },
    openAll: () => [...open],
    generations: function* () {
      for (const of of machines.values()) {
        yield* of.values();
      }
    },
  };
}
