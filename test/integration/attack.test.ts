import { expect, test } from "vitest";
import { soakAttack } from "../soak/attack/soak.ts";

// The short form of `npm run soak -- attack`: each attack until every agent and the operator had an answer beside it.
test(
  "A1, A2, A3, A5, A6, A9, C1: no attack costs an agent a heartbeat, an operator an answer, or the server its session",
  { timeout: 600_000 },
  async () => {
    const checks = await soakAttack({ agents: 20, seconds: 0.3, quiet: 0, timed: false });
    expect(checks.length).toBeGreaterThan(45);
    expect(checks.filter(({ against }) => against.length > 0)).toEqual([]);
  },
);
