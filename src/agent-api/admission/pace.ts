import type { Clock } from "../../lib/clock.ts";
import type { Peer } from "../listener/peer.ts";
import { overloaded, type Refusal } from "../refusal.ts";
import { callCost, pacing } from "./pacing.ts";
import { timeBudget, type TimeBudget } from "./time-budget.ts";

/** A call whose caller has proven a key, and whose message was not read yet. */
export interface PacedCall {
  peer: Peer;
  /** The method's path. */
  path: string;
  begin(): void;
  refuse(refusal: Refusal): void;
  /** Closes the call's connection. */
  close(): void;
  /** Set once it has begun; false before. */
  begun?: boolean;
}

/**
 * Starts calls at the pace that their caller's budget allows. Each key has a budget of this thread's time;
 * unauthenticated callers share one budget. Calls above the pace wait in the key's line, where each holds only its
 * stream. Calls beyond the line's end are refused. So the calls of one caller never delay another's.
 */
export interface Pace extends Disposable {
  /** Starts the call now, later, or never; returns false if it waits. */
  arrive(call: PacedCall): boolean;
  /** Must be called once for each call that arrived, when it has ended. `answered`: by this server. */
  leave(call: PacedCall, answered: boolean): void;
  /** Charges the caller with this many milliseconds besides its calls' flat rates. */
  charge(peer: Peer, milliseconds: number): void;
  /** The caller was authenticated as a machine's agent. */
  known(peer: Peer): void;
}

interface KeyState {
  budget: TimeBudget;
  /** Until when the key counts as an agent's. */
  knownUntil: number;
  /** Waiting calls, in order of arrival. */
  line: PacedCall[];
  underWay: Map<string, number>;
}

/** What is known of a connection: what its peer keeps as `paced`. */
interface PacedConnection {
  key: KeyState;
  underWay: Map<string, number>;
  inLine: number;
  /** Calls that were refused or given up, and since when they are counted. */
  wasted: number;
  wastedSince: number;
  closing: boolean;
}

/** Starts with empty lines and full budgets. */
export function createPace(clock: Pick<Clock, "monotonic">): Pace {
  const keys = new Map<string, KeyState>();
  const strangers = timeBudget(pacing.strangers);
  /** Keys with waiting calls, agents' and others', in the order of their turns. */
  const agentsWaiting = new Set<KeyState>();
  const strangersWaiting = new Set<KeyState>();
  let strangersInLine = 0;
  let timer: NodeJS.Timeout | undefined;

  function stateOf(peer: Peer): PacedConnection {
    if (peer.paced !== undefined) {
      return peer.paced as PacedConnection;
    }
    const now = clock.monotonic();
    const key = keys.get(peer.keyIdentity) ?? {
      budget: timeBudget(pacing.key),
      knownUntil: 0,
      line: [],
      underWay: new Map(),
    };
    // Inserted again, so that the map's order is by the latest connection.
    keys.delete(peer.keyIdentity);
    keys.set(peer.keyIdentity, key);
    const [oldest] = keys.keys();
    if (keys.size > pacing.keysRemembered && oldest !== undefined) {
      keys.delete(oldest);
    }
    const made = { key, underWay: new Map<string, number>(), inLine: 0, wasted: 0, wastedSince: now, closing: false };
    peer.paced = made;
    return made;
  }

  function mayBegin(call: PacedCall, connection: PacedConnection, now: number): boolean {
    const { key } = connection;
    return (
      (connection.underWay.get(call.path) ?? 0) < pacing.perConnectionAndMethod &&
      (key.underWay.get(call.path) ?? 0) < (pacing.perKeyAndMethod[call.path] ?? Infinity) &&
      key.budget.left(now) > 0 &&
      (key.knownUntil > now || strangers.left(now) > 0)
    );
  }

  function begin(call: PacedCall, connection: PacedConnection, now: number): void {
    const { key } = connection;
    const cost = callCost(call.path);
    key.budget.spend(cost);
    if (key.knownUntil <= now) {
      strangers.spend(cost);
    }
    connection.underWay.set(call.path, (connection.underWay.get(call.path) ?? 0) + 1);
    key.underWay.set(call.path, (key.underWay.get(call.path) ?? 0) + 1);
    call.begun = true;
    call.begin();
  }

  /** Starts all waiting calls of the key that may start. */
  function advance(key: KeyState, now: number): void {
    let read = 0;
    const left: PacedCall[] = [];
    for (const call of key.line) {
      read += 1;
      const connection = stateOf(call.peer);
      if (mayBegin(call, connection, now)) {
        connection.inLine -= 1;
        strangersInLine -= strangersWaiting.has(key) ? 1 : 0;
        begin(call, connection, now);
      } else {
        left.push(call);
        if (key.budget.left(now) <= 0 || (key.knownUntil <= now && strangers.left(now) <= 0)) {
          break;
        }
      }
    }
    key.line = [...left, ...key.line.slice(read)];
    stand(key, now);
  }

  /** Adds the key to the waiting ones, or removes it. */
  function stand(key: KeyState, now: number): void {
    const wasStranger = strangersWaiting.delete(key);
    agentsWaiting.delete(key);
    if (key.line.length > 0) {
      const isStranger = key.knownUntil <= now;
      strangersInLine += (isStranger ? key.line.length : 0) - (wasStranger ? key.line.length : 0);
      (isStranger ? strangersWaiting : agentsWaiting).add(key);
      timer ??= setTimeout(tick, pacing.tick).unref();
    }
  }

  function tick(): void {
    timer = undefined;
    const now = clock.monotonic();
    for (const key of [...agentsWaiting]) {
      advance(key, now);
    }
    // Each key gets one turn before any gets a second: `stand` appends it at the end.
    for (let turns = strangersWaiting.size; turns > 0 && strangers.left(now) > 0; turns -= 1) {
      const [first] = strangersWaiting;
      if (first !== undefined) {
        advance(first, now);
      }
    }
    if (agentsWaiting.size + strangersWaiting.size > 0) {
      timer ??= setTimeout(tick, pacing.tick).unref();
    }
  }

  function waste(call: PacedCall, connection: PacedConnection, now: number): void {
    if (now - connection.wastedSince > pacing.wastedWithin) {
      connection.wasted = 0;
      connection.wastedSince = now;
    }
    connection.wasted += 1;
    if (connection.wasted === pacing.wastedCalls) {
      call.close();
    }
  }

  return {
    arrive: (call) => {
      const now = clock.monotonic();
      const connection = stateOf(call.peer);
      const { key } = connection;
      const known = key.knownUntil > now;
      // A stranger waits behind those that wait for the strangers' budget; otherwise these would never get a turn.
      if ((known || strangersWaiting.size === 0) && mayBegin(call, connection, now)) {
        begin(call, connection, now);
        return true;
      }
      const full = !known && strangersInLine >= pacing.strangersLine;
      if (full || connection.inLine >= pacing.connectionLine || key.line.length >= pacing.keyLine) {
        waste(call, connection, now);
        call.refuse(overloaded());
        if (connection.inLine > pacing.connectionShare && !connection.closing) {
          connection.closing = true;
          call.close();
        }
        return true;
      }
      connection.inLine += 1;
      key.line.push(call);
      strangersInLine += strangersWaiting.has(key) ? 1 : 0;
      stand(key, now);
      return false;
    },
    leave: (call, answered) => {
      const now = clock.monotonic();
      const connection = stateOf(call.peer);
      const { key } = connection;
      if (!answered) {
        waste(call, connection, now);
      }
      if (call.begun === true) {
        connection.underWay.set(call.path, (connection.underWay.get(call.path) ?? 1) - 1);
        key.underWay.set(call.path, (key.underWay.get(call.path) ?? 1) - 1);
      } else if (key.line.includes(call)) {
        connection.inLine -= 1;
        strangersInLine -= strangersWaiting.has(key) ? 1 : 0;
        key.line = key.line.filter((other) => other !== call);
        stand(key, now);
      }
      if (key.line.length > 0) {
        advance(key, now);
      }
    },
    charge: (peer, milliseconds) => {
      const { key } = stateOf(peer);
      key.budget.spend(milliseconds);
      if (key.knownUntil <= clock.monotonic()) {
        strangers.spend(milliseconds);
      }
    },
    known: (peer) => {
      stateOf(peer).key.knownUntil = clock.monotonic() + pacing.knownFor;
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
