import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** Milliseconds of silence after which an agent, which heartbeats every 30 s, is reported as silent. */
const quietAfter = 90_000;

/** Whether the machine has an agent, and when its last heartbeat came. Pure. */
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
          `the agent was registered ${ago(agent.startedAt)} ago (${agent.startedAt.toISOString()}) and never sent a heartbeat` +
          (replaced ? "; it replaced another agent, whose key is refused: start it with the new init file" : ""),
      },
    ];
  }
  // If the agent counts as lost even sooner, its silence is reported sooner.
  return facts.now.getTime() - agent.heartbeatAt.getTime() < Math.min(quietAfter, facts.silence.heartbeat)
    ? []
    : [
        {
          kind: "agent-silent",
          text: `the agent has been silent since ${agent.heartbeatAt.toISOString()}, ${ago(agent.heartbeatAt)} ago`,
        },
      ];
}
