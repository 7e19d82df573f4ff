import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** Milliseconds of silence after which an agent that heartbeats every 30 s is named as silent. */
const quietAfter = 90_000;

/** Whether the machine has an agent, and when it was last heard. Pure. */
export function agentCauses(facts: ExplainFacts): Cause[] {
  const { agent } = facts.record;
  const ago = (at: Date): string => durationText(facts.now.getTime() - at.getTime());
  if (agent === undefined) {
    return [{ kind: "no-agent", text: "no agent is registered" }];
  }
  if (agent.heartbeatAt === undefined) {
    const replaced = facts.agentReplaced === true;
    return [
      {
        kind: "agent-never-heard",
        text:
          `the agent was registered ${ago(agent.startedAt)} ago (${agent.startedAt.toISOString()}) and was never heard` +
          (replaced ? "; it took another's place, whose key is refused: start it with the new init file" : ""),
      },
    ];
  }
  // Where an agent counts as lost sooner than that, its silence is named sooner.
  return facts.now.getTime() - agent.heartbeatAt.getTime() < Math.min(quietAfter, facts.silence.heartbeat)
    ? []
    : [
        {
          kind: "agent-silent",
          text: `the agent is silent since ${agent.heartbeatAt.toISOString()}, ${ago(agent.heartbeatAt)} ago`,
        },
      ];
}
