import type { Clock } from "../../lib/clock.ts";
import type { Peer } from "../listener/peer.ts";
import { overloaded, type Refusal } from "../refusal.ts";
import { callCost, pacing } from "./pacing.ts";
import { timeBudget, type TimeBudget } from "./time-budget.ts";

/** A call whose caller has proven a key, and whose message was not read yet. */
export interface PacedCall {
  peer: Peer;
  /** Path of its method. */
  path: string;
  begin(): void;
  refuse(refusal: Refusal): void;
  /** Closes its connection. */
  close(): void;
}

/**
 * Has calls begin at the pace that their caller may cost: a key has a budget of this thread's time, and callers that are not known
 * have one together. What comes quicker waits in the key's line, where it holds nothing but its stream; what there is no place for
 * in the line is refused. So one caller's calls never delay another's.
 */
export interface Pace extends Disposable {
  /** Has the call begin now, when its turn comes, or not at all; false: it waits. */
  arrive(call: PacedCall): boolean;
  /** To be called once for each call that arrived, when it has ended; `answered`: by this server. */
  leave(call: PacedCall, answered: boolean): void;
  /** The caller has cost that many milliseconds beside its calls' flat rates. */
  charge(peer: Peer, milliseconds: number): void;
  /** The caller is a machine's agent. */
  known(peer: Peer): void;
}

interface KeyState {
  budget: TimeBudget;
  /** Until when the key counts as one of an agent. */
  knownUntil: number;
  /** Calls that wait for their turn, in the order of their coming. */
  line: PacedCall[];
  underWay: Map<string, number>;
}

interface ConnectionState {
  key: KeyState;
  underWay: Map<string, number>;
  inLine: number;
  /** Calls that were refused or given up, since when. */
  wasted: number;
  wastedSince: number;
  closing: boolean;
}

/** Nobody waits, all budgets are full. */
export function createPace(clock: Pick<Clock, "monotonic">): Pace {
  const keys = new Map<string, KeyState>();
  const connections = new WeakMap<Peer, ConnectionState>();
  const begun = new WeakSet<PacedCall>();
  const strangers = timeBudget(pacing.strangers);
  /** Keys with a line: those of agents, and others, in the order in which they have their turns. */
  const agentsWaiting = new Set<KeyState>();
  const strangersWaiting = new Set<KeyState>();
  let strangersInLine = 0;
  let timer: NodeJS.Timeout | undefined;

  function stateOf(peer: Peer): ConnectionState {
    const there = connections.get(peer);
    if (there !== undefined) {
      return there;
    }
    const now = clock.monotonic();
    const key = keys.get(peer.keyLiteral) ?? {
      budget: timeBudget(pacing.key),
      knownUntil: 0,
      line: [],
      underWay: new Map(),
    };
    // Set again, so that the map's order is that of who connected last.
    keys.delete(peer.keyLiteral);
    keys.set(peer.keyLiteral, key);
    const [oldest] = keys.keys();
    if (keys.size > pacing.keysRemembered && oldest !== undefined) {
      keys.delete(oldest);
    }
    const made = { key, underWay: new Map<string, number>(), inLine: 0, wasted: 0, wastedSince: now, closing: false };
    connections.set(peer, made);
    return made;
  }

  function mayBegin(call: PacedCall, connection: ConnectionState, now: number): boolean {
    const { key } = connection;
    return (
      (connection.underWay.get(call.path) ?? 0) < pacing.perConnectionAndMethod &&
      (key.underWay.get(call.path) ?? 0) < (pacing.perKeyAndMethod[call.path] ?? Infinity) &&
      key.budget.left(now) > 0 &&
      (key.knownUntil > now || strangers.left(now) > 0)
    );
  }

  function begin(call: PacedCall, connection: ConnectionState, now: number): void {
    const { key } = connection;
    const cost = callCost(call.path);
    key.budget.spend(cost);
    if (key.knownUntil <= now) {
      strangers.spend(cost);
    }
    connection.underWay.set(call.path, (connection.underWay.get(call.path) ?? 0) + 1);
    key.underWay.set(call.path, (key.underWay.get(call.path) ?? 0) + 1);
    begun.add(call);
    call.begin();
  }

  /** Begins all in the key's line that may. */
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

  /** Puts the key among those that wait, or takes it away. */
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
    // Each has a turn before one has another: `stand` puts it behind the others.
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

  function waste(call: PacedCall, connection: ConnectionState, now: number): void {
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
      // A stranger goes behind those that wait for the strangers' budget, or they would never have their turn.
      if ((known || strangersWaiting.size === 0) && mayBegin(call, connection, now)) {
        begin(call, connection, now);
        return true;
      }
      const full = !known && strangersInLine >= pacing.strangersLine;
      if (full || connection.inLine >= pacing.connectionLine || key.line.length >= pacing.keyLine) {
        waste(call, connection, now);
        call.refuse(overloaded());
        if (full && connection.inLine > pacing.strangerShare && !connection.closing) {
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
      if (begun.has(call)) {
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
