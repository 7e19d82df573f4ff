import { expect, test } from "vitest";
import { create } from "@bufbuild/protobuf";
import { RolloutCountsSchema, RolloutState } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { rolloutCommands, rolloutOffers } from "./rollout-commands.ts";

const offers = (state: RolloutState, failed = 0, requested = 0) =>
  rolloutOffers({ state, counts: create(RolloutCountsSchema, { machines: 10, failed, requested }) });

test.each<[state: RolloutState, failed: number, expected: string[]]>([
  [RolloutState.PLANNED, 0, ["start", "plan", "cancel"]],
  [RolloutState.RUNNING, 0, ["pause", "cancel"]],
  [RolloutState.RUNNING, 1, ["retry-failed", "pause", "cancel"]],
  [RolloutState.PAUSED, 0, ["resume", "cancel"]],
  [RolloutState.STOPPED, 7, ["resume", "retry-failed", "cancel"]],
  [RolloutState.DONE, 0, ["delete"]],
  [RolloutState.DONE, 2, ["retry-failed", "delete"]],
  [RolloutState.CANCELLED, 2, ["delete"]],
])("in state %s with %s failed machines an operator can %j", (state, failed, expected) => {
  expect(offers(state, failed)).toEqual(expected);
});

test("a cancelled rollout is not deleted while machines of it are being installed", () => {
  expect(offers(RolloutState.CANCELLED, 2, 1)).toEqual([]);
});

test("each command has its twin of the command line", () => {
  const lines = Object.values(rolloutCommands).map(({ prepare }) => prepare("tonight", "R").cli);
  expect(lines.toSorted()).toEqual([
    "farrier rollout cancel tonight --request-id R",
    "farrier rollout delete tonight --request-id R",
    "farrier rollout pause tonight --request-id R",
    "farrier rollout plan tonight --request-id R --anew",
    "farrier rollout resume tonight --request-id R",
    "farrier rollout retry-failed tonight --request-id R",
    "farrier rollout start tonight --request-id R",
  ]);
});
