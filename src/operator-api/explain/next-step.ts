import type { ExplainFacts } from "./facts.ts";

/** What happens to a machine next by itself, or what has to be done for anything to happen. Pure. */
export function nextStep({ record, claims = [] }: Pick<ExplainFacts, "record" | "claims">): string {
  const { state, agent, provided, providing, installation } = record;
  switch (state.state) {
    case "new":
      return provided === undefined
        ? "none by itself: register an agent, and start it on the machine"
        : providing?.power === true
          ? `a shepherd starts an agent on it by the power switch of provider ${provided.provider}`
          : `register an agent and start it by hand: provider ${provided.provider} has no power switch`;
    case "awaiting-agent":
      return "the agent's first heartbeat makes it ready; if none comes, the agent counts as lost";
    case "ready":
      return "none by itself: request an installation";
    case "install-pending":
      return agent === undefined
        ? `${providing?.power === true ? "a shepherd starts an agent" : "an agent has to be started"}; it is handed the request with its first heartbeat`
        : "the agent takes the request up, at the latest with its next heartbeat";
    case "installing":
      return "the agent reports the next phase, and in the end the result";
    case "installed":
      return claims.some(({ weak }) => weak !== true)
        ? "none by itself: let that agent in, or make it a machine of its own; a network interface or the board may have been replaced"
        : "none: it is done";
    case "install-failed":
      return state.retryAt === undefined
        ? "none by itself: retry it, or request another installation"
        : `a new generation is made at ${state.retryAt.toISOString()} (${installation?.retry?.attemptsLeft ?? 0} of ${installation?.retry?.attempts ?? 0} tries left)`;
    case "agent-lost":
      return "a shepherd takes the machine up for recovery; a heartbeat of the agent ends it at once";
    case "starting-agent":
      return "the shepherd registers the agent that it started, or backs off";
    case "recovering":
      return "the shepherd has a new agent started, or backs off";
    case "backing-off":
      return state.backoff === undefined
        ? "a shepherd tries again"
        : `a shepherd tries again after ${state.backoff.until.toISOString()}; a heartbeat of the agent ends it at once`;
    case "quarantined":
      return "none: it is left alone until it is released";
  }
}
