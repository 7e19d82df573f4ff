import { describe, expect, test } from "vitest";
import { agentDecide, lastSeen, type AgentEvent, type AgentState } from "./agent-state.ts";

const success = { kind: "success" } as const;
const idle: AgentState = { kind: "idle", last: 0n };
const done: AgentState = { kind: "idle", last: 3n, result: success };
const dropped: AgentState = { kind: "idle", last: 3n };
const installing: AgentState = { kind: "installing", generation: 3n };
const reporting: AgentState = { kind: "reporting", generation: 3n, result: success };

const requested = (generation: bigint): AgentEvent => ({ kind: "requested", generation });
const cancelled = (generation: bigint): AgentEvent => ({ kind: "cancelled", generation });
const acknowledged = (generation: bigint): AgentEvent => ({ kind: "acknowledged", generation });

describe("agentDecide", () => {
  test.each<[string, AgentState, AgentEvent, AgentState, string[]]>([
    ["a first request begins", idle, requested(1n), { kind: "installing", generation: 1n }, ["begin 1"]],
    ["one without a generation does not", idle, requested(0n), idle, []],
    [
      "a greater one begins after a finished one",
      done,
      requested(4n),
      { kind: "installing", generation: 4n },
      ["begin 4"],
    ],
    ["a finished one is reported again", done, requested(3n), reporting, ["report"]],
    ["a cancelled request is not begun again", dropped, requested(3n), dropped, []],
    ["a smaller one is not begun", done, requested(2n), done, []],
    ["the same request changes nothing", installing, requested(3n), installing, []],
    [
      "a greater one takes its place",
      installing,
      requested(4n),
      { kind: "installing", generation: 4n },
      ["stop 3", "begin 4"],
    ],
    ["a cancellation stops it", installing, cancelled(3n), dropped, ["stop 3"]],
    ["another's cancellation does not", installing, cancelled(2n), installing, []],
    ["a result waits", installing, { kind: "ended", generation: 3n, end: success }, reporting, ["report"]],
    ["a dropped one has none", installing, { kind: "ended", generation: 3n, end: { kind: "dropped" } }, dropped, []],
    ["the end of another changes nothing", installing, { kind: "ended", generation: 2n, end: success }, installing, []],
    ["a result that waits goes before a request", reporting, requested(4n), reporting, []],
    ["and is not called off", reporting, cancelled(3n), reporting, []],
    ["acknowledged, it is done", reporting, acknowledged(3n), done, []],
    ["another's acknowledgement is not its own", reporting, acknowledged(2n), reporting, []],
  ])("%s", (_what, state, event, after, actions) => {
    const decision = agentDecide(state, event);
    expect(decision.state).toEqual(after);
    expect(
      decision.actions.map((each) => ("generation" in each ? `${each.kind} ${each.generation}` : each.kind)),
    ).toEqual(actions);
  });

  test("the greatest generation taken up", () => {
    expect([idle, done, installing, reporting].map(lastSeen)).toEqual([0n, 3n, 3n, 3n]);
  });
});
