import { runsExhausted } from "../../database/heartbeat/heartbeat-statement.ts";
import { bytesText } from "../../lib/format/bytes.ts";
import { durationText } from "../../lib/format/duration.ts";
import { bootWindowCauses, enrollmentCauses, isSecondClaimant, refusalCauses } from "./enrollment-causes.ts";
import { duplicateCauses, tryingAgainCauses, unfinishedCauses } from "./writing-causes.ts";
import { netbootCauses } from "./netboot-causes.ts";
import type { Cause, ExplainFacts } from "./facts.ts";

/** Milliseconds without a word after which an agent that heartbeats every 30 s is worth a mention. */
const quietAfter = 90_000;
/** Milliseconds without progress after which that is: byte counts come several times a minute. */
const stalledAfter = 120_000;

const ago = (facts: ExplainFacts, at: Date): string => durationText(facts.now.getTime() - at.getTime());

/** What is in the way of a machine, the most telling first. Pure. */
export function explainCauses(facts: ExplainFacts): Cause[] {
  const { state } = facts.record;
  const causes = [
    ...enrollmentCauses(facts),
    ...bootWindowCauses(facts),
    ...netbootCauses(facts),
    ...duplicateCauses(facts),
    ...tryingAgainCauses(facts),
    ...stateCauses(facts),
    ...refusalCauses(facts),
    ...unfinishedCauses(facts),
  ];
  if (state.deadlineMissedAt !== undefined || (state.deadline !== undefined && state.deadline < facts.now)) {
    causes.push({
      kind: "deadline-missed",
      text: `it is in this state longer than expected, since ${state.deadline?.toISOString() ?? "some time"}`,
    });
  }
  return causes;
}

function stateCauses(facts: ExplainFacts): Cause[] {
  const { record } = facts;
  const { state } = record;
  switch (state.state) {
    case "new":
      return [
        { kind: "no-agent", text: "no agent was ever registered" },
        ...providerCauses(facts),
        ...shepherdCauses(facts),
      ];
    case "awaiting-agent":
      return [...agentCauses(facts), ...serverCauses(facts), ...providerCauses(facts)];
    case "ready":
      return agentCauses(facts);
    case "install-pending":
      return [...requestCauses(facts), ...agentCauses(facts), ...runCauses(facts), ...providerCauses(facts)];
    case "installing":
      return [...progressCauses(facts), ...agentCauses(facts), ...providerCauses(facts)];
    case "installed":
      return finalCauses(facts);
    case "install-failed":
      return [...finalCauses(facts), ...retryCauses(facts)];
    case "agent-lost":
      return [...agentCauses(facts), ...providerCauses(facts), ...shepherdCauses(facts)];
    case "starting-agent":
    case "recovering":
      return [...workCauses(facts), ...agentCauses(facts), ...providerCauses(facts)];
    case "backing-off":
      return [
        ...(state.backoff === undefined
          ? []
          : [
              {
                kind: "backoff" as const,
                text: `${state.backoff.process} failed and is not tried again before ${state.backoff.until.toISOString()}: ${state.backoff.cause}`,
              },
            ]),
        ...agentCauses(facts),
        ...providerCauses(facts),
      ];
    case "quarantined":
      return state.quarantine === undefined
        ? []
        : [
            {
              kind: isSecondClaimant(state.quarantine) ? "second-claimant" : "quarantine",
              text: `${state.quarantine.by} put it in quarantine ${ago(facts, state.quarantine.at)} ago: ${state.quarantine.reason}`,
            },
          ];
  }
}

function agentCauses(facts: ExplainFacts): Cause[] {
  const { agent } = facts.record;
  if (agent === undefined) {
    return [{ kind: "no-agent", text: "no agent is registered" }];
  }
  if (agent.heartbeatAt === undefined) {
    const replaced = facts.agentReplaced === true;
    return [
      {
        kind: "agent-never-heard",
        text:
          `the agent was registered ${ago(facts, agent.startedAt)} ago (${agent.startedAt.toISOString()}) and was never heard` +
          (replaced ? "; it took another's place, whose key is refused: start it with the new init file" : ""),
      },
    ];
  }
  // Where an agent is lost sooner than that, it is worth a mention sooner.
  return facts.now.getTime() - agent.heartbeatAt.getTime() < Math.min(quietAfter, facts.silence.heartbeat)
    ? []
    : [
        {
          kind: "agent-silent",
          text: `the agent is silent since ${agent.heartbeatAt.toISOString()}, ${ago(facts, agent.heartbeatAt)} ago`,
        },
      ];
}

function serverCauses(facts: ExplainFacts): Cause[] {
  const needed = facts.silence.started;
  if (facts.serverSince !== undefined && facts.now.getTime() - facts.serverSince.getTime() >= needed) {
    return [];
  }
  const text =
    facts.serverSince === undefined
      ? "no server lives that could hear agents"
      : `a server has been there to hear agents for ${ago(facts, facts.serverSince)} only: silence counts after ${durationText(needed)}`;
  return [{ kind: "no-server", text }];
}

function shepherdCauses(facts: ExplainFacts): Cause[] {
  return facts.shepherd || facts.record.provided === undefined
    ? []
    : [{ kind: "no-shepherd", text: "no shepherd lives: nobody starts agents or recovers machines" }];
}

/** What is wrong with where it comes from: in the way of whatever needs its power switch. */
function providerCauses({ now, record: { provided, providing } }: ExplainFacts): Cause[] {
  const { vanishedAt, unreachable, power } = providing ?? {};
  return [
    ...(power === true && provided?.status?.toLowerCase() === "off"
      ? [{ kind: "no-power" as const, text: `it has no power, as its provider ${provided.provider} says` }]
      : []),
    ...(vanishedAt === undefined
      ? []
      : [
          {
            kind: "machine-vanished" as const,
            text: `provider ${provided?.provider ?? "?"} does not tell of it any more, since ${vanishedAt.toISOString()}`,
          },
        ]),
    ...(unreachable === undefined
      ? []
      : [
          {
            kind: "provider-unreachable" as const,
            text: `provider ${provided?.provider ?? "?"} can't be reached for ${durationText(now.getTime() - unreachable.since.getTime())}: ${unreachable.cause}`,
          },
        ]),
  ];
}

function requestCauses(facts: ExplainFacts): Cause[] {
  return [
    ...(facts.requestProblem === undefined
      ? []
      : [
          {
            kind: "request-unreadable" as const,
            text: `the stored request is not handed out, for ${facts.requestProblem}`,
          },
        ]),
    ...(facts.diskProblem === undefined
      ? []
      : [{ kind: "disk-selector" as const, text: `going by the hardware report, ${facts.diskProblem}` }]),
  ];
}

function runCauses({ record }: ExplainFacts): Cause[] {
  const runs = record.installation?.runs ?? 0;
  return runs === 0
    ? []
    : [
        {
          kind: "progress-stalled",
          text: `${runs} of 3 agent runs were handed the request, and none has reported progress`,
        },
      ];
}

function progressCauses(facts: ExplainFacts): Cause[] {
  const progress = facts.record.installation?.progress;
  return progress === undefined || facts.now.getTime() - progress.at.getTime() < stalledAfter
    ? []
    : [
        {
          kind: "progress-stalled",
          text: `no progress was reported for ${ago(facts, progress.at)}; the last was ${progress.phase}, ${bytesText(progress.bytesDone)}`,
        },
      ];
}

function workCauses(facts: ExplainFacts): Cause[] {
  return facts.record.work
    .filter(({ deadline }) => deadline < facts.now)
    .map((work) => ({
      kind: "session-lost",
      text: `the session that holds ${work.process} (${work.runtimeInfo}) is past its deadline since ${work.deadline.toISOString()}: a janitor collects it`,
    }));
}

/** What came of the newest request, where that was no success. */
function finalCauses({ record }: ExplainFacts): Cause[] {
  const final = record.installation?.final;
  if (record.installation === undefined || record.installation.pending || final === undefined) {
    return [];
  }
  const { generation } = record.installation;
  switch (final.result) {
    case "success":
      return [];
    case "cancelled":
      return [
        { kind: "cancelled", text: `generation ${generation} was cancelled: ${final.error ?? "no reason given"}` },
      ];
    case "error": {
      const error = final.error ?? "no reason given";
      return [{ kind: errorKind(error), text: `generation ${generation} failed: ${error}` }];
    }
  }
}

/** What an agent's or the server's error is about, by its words; they are Farrier's own. */
function errorKind(error: string): Cause["kind"] {
  if (error === runsExhausted) {
    return "runs-exhausted";
  }
  if (/has the digest sha256:/u.test(error)) {
    return "wrong-digest";
  }
  return /disks? match(?:es)? |which disk to write/u.test(error) ? "disk-selector" : "installation-error";
}

function retryCauses({ record }: ExplainFacts): Cause[] {
  const retry = record.installation?.retry;
  if (retry === undefined) {
    return [];
  }
  return retry.nextAt === undefined
    ? [{ kind: "retries-exhausted", text: `all ${retry.attempts} tries of the request's budget are used up` }]
    : [
        {
          kind: "retry-waiting",
          text: `another try follows at ${retry.nextAt.toISOString()}, ${retry.attemptsLeft} of ${retry.attempts} are left`,
        },
      ];
}
