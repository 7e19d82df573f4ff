import { expect, test } from "vitest";
import { machineId } from "../../../database/ids.ts";
import type { ExplainFacts } from "../facts.ts";
import { listingCauses, listingRemedies } from "./listing-causes.ts";

const since = new Date("2026-05-01T12:00:00Z");
const facts = (more: Partial<ExplainFacts>): ExplainFacts => ({
  now: since,
  shepherd: true,
  silence: { started: 1, heartbeat: 1 },
  record: {
    machineId: machineId("123e4567-e89b-42d3-a456-426614174000"),
    name: "web1",
    labels: {},
    createdAt: since,
    lastGeneration: 0n,
    provided: { provider: "rack-a", providerId: "S1" },
    work: [],
    backoffs: [],
    identity: { macs: [] },
    state: { state: "new", since },
  },
  ...more,
});
const texts = (of: ExplainFacts) => [...listingCauses(of).map(({ text }) => text), ...listingRemedies(of)];

test("a list that is not believed, and whether the machine is in question", () => {
  const doubt = { since, cause: "4 of 30 machines are gone from its list at once" };
  expect(texts(facts({}))).toEqual([]);
  expect(texts(facts({ doubt }))).toEqual([
    "the work of its provider rack-a stops since 2026-05-01T12:00:00.000Z, because the provider's list is not believed: 4 of 30 machines are gone from its list at once",
    "see which machines it is about: `farrier provider show rack-a`; mend the list, or if it is right: `farrier provider accept rack-a`",
  ]);
  expect(texts(facts({ doubt: { ...doubt, machine: "gone" } }))[0]).toMatch(
    /this machine is one of those that are gone$/u,
  );
});

test("a controller that the inventory names: to be accepted, to be read, or failing", () => {
  const wanted = { url: "https://10.0.8.1", credential: "rack a", trusted: false };
  expect(texts(facts({ controllerWanted: { ...wanted, system: "Node$1" } }))).toEqual([
    "its provider rack-a names controller https://10.0.8.1, which is not its own yet: nobody has accepted its certificate",
    "look at its certificate and accept it: `farrier bmc add https://10.0.8.1 --credential 'rack a' --machine web1 --system 'Node$1'`",
  ]);
  // Some shells take brackets for a pattern.
  expect(texts(facts({ controllerWanted: { ...wanted, url: "https://[2001:db8::1]" } }))[1]).toContain(
    "`farrier bmc add 'https://[2001:db8::1]' --credential",
  );
  expect(texts(facts({ controllerWanted: { ...wanted, trusted: true } }))).toEqual([
    expect.stringContaining("a shepherd reads it soon"),
  ]);
  const failure = { at: since, cause: "it refused user name and password" };
  expect(texts(facts({ controllerWanted: { ...wanted, trusted: true, failure } }))).toEqual([
    expect.stringContaining("not its own yet: it refused user name and password"),
  ]);
});
