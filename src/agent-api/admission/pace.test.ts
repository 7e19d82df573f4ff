import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keyIdentity } from "../../database/heartbeat/key-identity.ts";
import { agentKey } from "../../database/ids.ts";
import type { Peer } from "../listener/peer.ts";
import { createPace, type Pace } from "./pace.ts";
import { pacing } from "./pacing.ts";

const heartbeat = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";
const progress = "/farrier.agent.v1.AgentService/ReportProgress";

let now = 0;
let pace: Pace;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  now = 0;
  pace = createPace({ monotonic: () => now });
});
afterEach(() => {
  pace[Symbol.dispose]();
  vi.useRealTimers();
});

const connection = (key: string): Peer => ({
  key: agentKey(Buffer.alloc(32)),
  keyIdentity: keyIdentity(Buffer.from(key)),
  connection: 0n,
});
const agent = (key: string): Peer => {
  const peer = connection(key);
  pace.known(peer);
  return peer;
};

interface Call {
  state: "waits" | "begun" | "refused";
  end: (answered?: boolean) => void;
}

let closed = 0;
function call(peer: Peer, path = heartbeat): Call {
  const paced = {
    peer,
    path,
    begin: () => void (it.state = "begun"),
    refuse: () => void (it.state = "refused"),
    close: () => void (closed += 1),
  };
  const it: Call = { state: "waits", end: (answered = true) => pace.leave(paced, answered) };
  pace.arrive(paced);
  return it;
}

const pass = (milliseconds: number): void => {
  now += milliseconds;
  vi.advanceTimersByTime(milliseconds);
};
const states = (calls: Call[]): Record<Call["state"], number> => {
  const count = (state: Call["state"]): number => calls.filter((each) => each.state === state).length;
  return { begun: count("begun"), waits: count("waits"), refused: count("refused") };
};
const many = (count: number, one: () => Call): Call[] => Array.from({ length: count }, one);

test("of one method two calls of a connection are under way; the others wait their turn, as many as there is room for", () => {
  const peer = agent("a");
  const calls = many(72, () => call(peer));
  expect(states(calls)).toEqual({ begun: 2, waits: 64, refused: 6 });
  expect(call(peer, progress).state).toBe("begun");
  calls[0]?.end();
  expect(states(calls)).toEqual({ begun: 3, waits: 63, refused: 6 });
  // A call that is given up while it waits leaves the line.
  calls[10]?.end(false);
  calls[1]?.end();
  expect(calls[10]?.state).toBe("waits");
  expect(states(calls).begun).toBe(4);
});

test("C1: one key's calls that take a database connection are two at a time, on however many connections", () => {
  const calls = many(150, () => call(agent("a"), progress));
  expect(states(calls)).toEqual({ begun: 2, waits: 148, refused: 0 });
  expect(call(agent("b"), progress).state).toBe("begun");
  let ended = 0;
  for (let rounds = 0; rounds < 200; rounds += 1) {
    const next = calls.find(({ state }) => state === "begun");
    next?.end();
    if (next !== undefined) {
      next.state = "refused";
      ended += 1;
    }
  }
  expect(ended).toBe(150);
});

test("C1: a key that has used up its time waits, and nobody else does", () => {
  const peer = agent("a");
  pace.charge(peer, pacing.key.burst + 100);
  const waiting = call(peer);
  expect(waiting.state).toBe("waits");
  expect(call(agent("a")).state).toBe("waits");
  expect(call(agent("b")).state).toBe("begun");
  // 100 ms over, at 50 a second.
  pass(1_900);
  expect(waiting.state).toBe("waits");
  pass(200);
  expect(waiting.state).toBe("begun");
});

test("A3, A9: strangers share a budget; agents have their own", () => {
  const spent = connection("stranger");
  pace.charge(spent, pacing.strangers.burst + 1);
  const strangers = many(100, () => call(connection(`s${Math.random()}`)));
  expect(states(strangers)).toEqual({ begun: 0, waits: 100, refused: 0 });
  expect(call(agent("a")).state).toBe("begun");
  pass(1_000);
  expect(states(strangers).begun).toBe(100);
});

test("A9: strangers' calls wait and are not refused, and each stranger has a turn before one has another", () => {
  pace.charge(connection("stranger"), pacing.strangers.burst + pacing.strangers.perSecond);
  const [one, other] = [connection("one"), connection("other")];
  const first = many(10, () => call(one));
  expect(states(first)).toEqual({ begun: 0, waits: 10, refused: 0 });
  const second = call(other);
  pass(1_100);
  expect(second.state).toBe("begun");
});

test("A2: a connection on which a thousand calls are given up within ten seconds is closed, once", () => {
  closed = 0;
  const peer = connection("a");
  for (let calls = 0; calls < 1_500; calls += 1) {
    call(peer).end(false);
  }
  expect(closed).toBe(1);
  const patient = connection("b");
  for (let calls = 0; calls < 1_500; calls += 1) {
    call(patient).end(false);
    now += 20;
  }
  expect(closed).toBe(1);
});
