import type { BootWindowWay } from "../../../database/queries/boot/boot-window-state.ts";
import type { MachineRecord } from "../../../database/queries/views/machine-record.ts";
import type { ExplainFacts } from "../facts.ts";
import { isLeftRunning, switchedBy } from "../switched-by.ts";
import { initRemedy, shepherdRemedies, startAgentRemedy } from "./remedy.ts";
import type { Step, StepFacts } from "./state-words.ts";

/** How a machine without an agent gets one. Pure. */
export function agentComes(facts: StepFacts): Step {
  const { record } = facts;
  return (
    windowStep(record) ??
    claimStep(facts) ??
    (isLeftRunning(record) ? leftStep(record) : switchedBy(record) === undefined ? byHand(record) : powerStep(facts))
  );
}

/** What an operator can do to get an agent onto the machine. Pure. */
export function agentRemedies(facts: ExplainFacts): string[] {
  const { record, shepherd } = facts;
  if (switchedBy(record) === undefined) {
    return [initRemedy(record), ...shepherdRemedies(facts)];
  }
  if (isLeftRunning(record)) {
    return [startAgentRemedy(record), ...shepherdRemedies(facts)];
  }
  return shepherd ? ["wait: a shepherd starts an agent by itself"] : shepherdRemedies(facts);
}

const froms: Record<BootWindowWay, string> = {
  network: "the network",
  medium: "its virtual medium",
  http: "the boot medium, by UEFI HTTP boot",
};

/** The step of a boot window that is newer than the machine's agent; undefined if there is none. Pure. */
export function windowStep({ bootWindow, agent }: MachineRecord): Step | undefined {
  if (bootWindow === undefined || (agent !== undefined && agent.startedAt > bootWindow.openedAt)) {
    return undefined;
  }
  const until = `until ${bootWindow.closesAt.toISOString()}`;
  const from = froms[bootWindow.way ?? "network"];
  switch (bootWindow.state) {
    case "open":
      return {
        waitingFor: `it to boot from ${from}`,
        next: `once it boots from ${from}, its agent starts and enrols; the boot window is open ${until}`,
      };
    case "given":
      return {
        waitingFor: "its agent to start, and to enrol",
        next: `its agent enrols with its boot token, which is valid ${until}`,
      };
    case "enrolled":
    case "closed":
    case "expired":
      return undefined;
  }
}

/** An agent that claims to be this machine and needs an operator's approval; undefined if there is none. */
function claimStep({ claims = [] }: StepFacts): Step | undefined {
  return claims.some(({ weak }) => weak !== true)
    ? {
        waitingFor: "an operator to approve the agent that claims to be this machine",
        next: "none by itself: approve that agent, if it is this machine's",
      }
    : undefined;
}

/** The machine was found running something that Farrier did not install. Pure. */
export function leftStep(record: MachineRecord): Step {
  return {
    waitingFor: "an operator to allow that what runs on it is stopped",
    next: `none by itself: it was found running, and Farrier has not installed what runs on it. An operator can ${startAgentRemedy(record)}`,
  };
}

function powerStep({ record, shepherd }: StepFacts): Step {
  const provider = record.provided?.provider ?? "?";
  const by = {
    ssh: "SSH from its running system",
    controller: "its controller",
    provider: `the power switch of provider ${provider}`,
  }[switchedBy(record) ?? "provider"];
  const starts = `a shepherd starts an agent on it by ${by}`;
  if (shepherd === false) {
    return {
      waitingFor: "a shepherd to start an agent, but no shepherd is alive: start one",
      next: `none until a shepherd runs: start one; then ${starts}`,
    };
  }
  if (record.ssh === undefined && record.controller?.failure !== undefined) {
    return {
      waitingFor: "its controller to work, then for a shepherd to start an agent",
      next: `${starts}, once the controller works`,
    };
  }
  return record.ssh !== undefined || record.controller !== undefined || record.providing?.unreachable === undefined
    ? { waitingFor: "a shepherd to start an agent", next: starts }
    : {
        waitingFor: `provider ${provider} to be reachable, then for a shepherd to start an agent`,
        next: `${starts}, once the provider is reachable`,
      };
}

function byHand({ provided }: MachineRecord): Step {
  const why = provided === undefined ? "" : `: provider ${provided.provider} has no power switch`;
  return {
    waitingFor: "an agent to be registered",
    next: `none by itself: register an agent and start it by hand${why}`,
  };
}

/** Adds to a step that an agent claims to be this machine. Pure. */
export function withClaims(step: Step, facts: StepFacts): Step {
  return claimStep(facts) === undefined
    ? step
    : {
        waitingFor: `${step.waitingFor}; or an operator to approve the agent that claims to be this machine`,
        next: `${step.next}; or an operator approves the agent that claims to be this machine`,
      };
}
