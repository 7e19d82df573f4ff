import { expect, test } from "vitest";
import type { MachineId } from "../../ids.ts";
import { enrollmentDecide, type EnrollmentFacts } from "./enrollment-decide.ts";

const [a, b] = ["a" as MachineId, "b" as MachineId];
const [key, other, third] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2), Buffer.alloc(32, 3)];

type Window = NonNullable<EnrollmentFacts["window"]>;
const nothing: EnrollmentFacts = { bound: null, claimed: null, window: null };
const window = (init: Partial<Window>): Window => ({
  machineId: a,
  windowId: "w",
  byToken: true,
  identityNeeded: false,
  quarantined: false,
  enrolledKey: null,
  claimedKeys: [],
  bothAlive: false,
  elsewhere: false,
  ...init,
});

const table: [string, EnrollmentFacts, ReturnType<typeof enrollmentDecide>][] = [
  ["a stranger", nothing, { decision: "await" }],
  ["an agent that claims to be a machine, without a window", { ...nothing, claimed: a }, { decision: "await" }],
  ["a key that is bound", { ...nothing, bound: a }, { decision: "accept", machineId: a }],
  ["a key that is bound, on another box", { ...nothing, bound: a, claimed: b }, { decision: "accept", machineId: a }],
  [
    "the first with the token",
    { ...nothing, claimed: a, window: window({}) },
    { decision: "bind", machineId: a, contested: undefined },
  ],
  [
    "the first with the token, of which nothing is known",
    { ...nothing, window: window({}) },
    { decision: "bind", machineId: a, contested: undefined },
  ],
  [
    "the first with a medium's token, of which nothing is known",
    { ...nothing, window: window({ identityNeeded: true }) },
    { decision: "note", machineId: a },
  ],
  [
    "the first with a medium's token, which is the machine",
    { ...nothing, claimed: a, window: window({ identityNeeded: true }) },
    { decision: "bind", machineId: a, contested: undefined },
  ],
  [
    "the first with the token, having asked without it",
    { ...nothing, claimed: a, window: window({ claimedKeys: [key] }) },
    { decision: "bind", machineId: a, contested: undefined },
  ],
  [
    "the first with the token, after another has asked",
    { ...nothing, claimed: a, window: window({ claimedKeys: [key, other] }) },
    { decision: "bind", machineId: a, contested: other },
  ],
  [
    "the machine's agent of before, with the token",
    { ...nothing, bound: a, claimed: a, window: window({}) },
    { decision: "bind", machineId: a, contested: undefined },
  ],
  [
    "the same key again",
    { ...nothing, bound: a, claimed: a, window: window({ enrolledKey: key }) },
    { decision: "accept", machineId: a },
  ],
  [
    "the same key again, after an operator has replaced it",
    { ...nothing, claimed: a, window: window({ enrolledKey: key }) },
    { decision: "await" },
  ],
  [
    "another key with the same token",
    { ...nothing, claimed: a, window: window({ enrolledKey: other }) },
    { decision: "second-claimant", machineId: a, enrolled: other },
  ],
  [
    "another key that claims to be the machine, as the machine itself after a reset does",
    { ...nothing, claimed: a, window: window({ byToken: false, enrolledKey: other }) },
    { decision: "note", machineId: a },
  ],
  [
    "another key that claims to be the machine, while its agent lives",
    { ...nothing, claimed: a, window: window({ byToken: false, enrolledKey: other, bothAlive: true }) },
    { decision: "second-claimant", machineId: a, enrolled: other },
  ],
  [
    "another key that claims to be the machine, from somewhere else",
    { ...nothing, claimed: a, window: window({ byToken: false, enrolledKey: other, elsewhere: true }) },
    { decision: "second-claimant", machineId: a, enrolled: other },
  ],
  [
    "an agent that claims to be the machine, before anybody has the token",
    { ...nothing, claimed: a, window: window({ byToken: false, claimedKeys: [third] }) },
    { decision: "note", machineId: a },
  ],
  [
    "the machine's agent of before, restarted without the token",
    { ...nothing, bound: a, claimed: a, window: window({ byToken: false }) },
    { decision: "accept", machineId: a },
  ],
  [
    "the token of a machine in quarantine",
    { ...nothing, claimed: a, window: window({ quarantined: true }) },
    { decision: "await" },
  ],
  [
    "the agent of a machine in quarantine",
    { ...nothing, bound: a, claimed: a, window: window({ quarantined: true }) },
    { decision: "accept", machineId: a },
  ],
  [
    "the token, from an agent that claims to be another machine",
    { ...nothing, claimed: b, window: window({}) },
    { decision: "note", machineId: a },
  ],
  [
    "the token, from another machine's agent",
    { ...nothing, bound: b, window: window({}) },
    { decision: "note", machineId: a },
  ],
  [
    "a token that was used, from another machine's agent",
    { ...nothing, bound: b, window: window({ enrolledKey: other }) },
    { decision: "second-claimant", machineId: a, enrolled: other },
  ],
];

test.for(table)("%s", ([, facts, decision]) => {
  expect(enrollmentDecide(facts, key)).toEqual(decision);
});
