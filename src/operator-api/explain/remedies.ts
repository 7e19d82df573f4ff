import { bytesText } from "../../lib/format/bytes.ts";
import type { HeldWork } from "../../database/machine-state.ts";
import type { MachineRecord } from "../../database/queries/views/machine-record.ts";
import { isSecondClaimant } from "./enrollment-causes.ts";
import { failureRemedies } from "./failure-remedies.ts";
import { failureOf } from "../messages/failure-of.ts";
import { machineTitle, type ExplainFacts } from "./facts.ts";

/** What an operator can do about a machine in its state; never nothing. Pure. */
export function explainRemedies(facts: ExplainFacts): string[] {
  return [...enrollmentRemedies(facts), ...stateRemedies(facts)];
}

function enrollmentRemedies({ record, claims = [] }: ExplainFacts): string[] {
  const title = machineTitle(record);
  const { bootWindow, agent } = record;
  const nobodyCame = bootWindow?.state === "expired" && (agent === undefined || agent.startedAt < bootWindow.openedAt);
  if (record.state.state === "quarantined") {
    // An approval is refused until then.
    return claims.length === 0
      ? []
      : [
          `release it first: \`farrier machine release ${title}\`; then the agent that says to be it can be let in, and explain says how`,
        ];
  }
  const replace = agent === undefined ? "" : " --replace";
  return [
    ...claims.flatMap(({ key, disagrees, differs, weak }) => [
      ...(weak === true
        ? []
        : [
            differs === "byte-order"
              ? `let it in, and have its UUID written as its firmware has it: \`farrier enrollment approve ${key} --machine ${title}${replace}\``
              : `let it in, if it is this machine: \`farrier enrollment approve ${key} --machine ${title}${replace}\``,
          ]),
      ...(disagrees && differs !== "byte-order"
        ? [`make it a machine of its own, if not: \`farrier enrollment approve ${key} --name NAME\``]
        : []),
    ]),
    ...(nobodyCame
      ? [`switch it off, open another: \`farrier machine boot-window ${title}\`, and have it boot from the network`]
      : []),
  ];
}

function stateRemedies(facts: ExplainFacts): string[] {
  const { record } = facts;
  const { state } = record;
  const title = machineTitle(record);
  const generation = record.installation?.generation ?? 0n;
  const cancel = `cancel it: \`farrier machine cancel ${title} --generation ${generation}\``;
  const quarantine = `have it left alone: \`farrier machine quarantine ${title} --reason WHY\``;
  const history = `see what happened: \`farrier machine history ${title}\``;
  const replaceAgent = `start another agent: \`farrier agent init ${title} --replace\``;
  const vanished =
    record.providing?.vanishedAt === undefined
      ? []
      : [`forget it, where it is gone for good: \`farrier machine delete ${title}\``];
  const install = `request an installation: \`farrier machine install ${title} …\``;
  switch (state.state) {
    case "new":
      return [
        ...(record.providing?.power === true
          ? ["wait: an agent is started by itself"]
          : [`register an agent and start it: \`farrier agent init ${title}\``]),
        ...vanished,
        install,
        quarantine,
      ];
    case "awaiting-agent":
      return [
        "look at the machine: is the agent running, does it reach the control plane, what does it log",
        replaceAgent,
        quarantine,
      ];
    case "ready":
      return [install, quarantine];
    case "install-pending":
      return [
        ...(facts.requestProblem === undefined && facts.diskProblem === undefined
          ? []
          : [`replace the request by one that can be carried out: \`farrier machine install ${title} --replace …\``]),
        ...(record.agent === undefined
          ? [`register an agent and start it: \`farrier agent init ${title}\``]
          : ["look at the machine: is the agent running", replaceAgent]),
        cancel,
      ];
    case "installing":
      return [`follow it: \`farrier machine show ${title}\``, cancel, quarantine];
    case "installed":
      return [install, quarantine];
    case "install-failed":
      return [
        ...(state.retryAt === undefined
          ? []
          : [`stop the tries to come: \`farrier machine cancel ${title} --generation ${generation}\``]),
        ...failedRemedies(facts, title, install),
        history,
      ];
    case "agent-lost":
      return [
        "look at the machine: is it on, is the agent running, does it reach the control plane",
        replaceAgent,
        ...(record.installation?.pending === true ? [cancel] : []),
        quarantine,
      ];
    case "starting-agent":
    case "recovering":
      return [
        "wait: the work ends, or its session does",
        ...(record.installation?.pending === true ? [cancel] : []),
        history,
        quarantine,
      ];
    case "backing-off":
      return [
        "mend what the cause names",
        `have it tried at once: \`farrier backoff clear ${title}\``,
        ...vanished,
        replaceAgent,
        ...(record.installation?.pending === true ? [cancel] : []),
        quarantine,
      ];
    case "quarantined": {
      const release = `release it: \`farrier machine release ${title}\``;
      return state.quarantine !== undefined && isSecondClaimant(state.quarantine)
        ? [
            "find out which of the two is it: history has both keys and their addresses; a machine that was restarted or " +
              "was not off when its boot window was opened is a second claimant too",
            `${release}, switch it off, then open another boot window: \`farrier machine boot-window ${title}\``,
            history,
          ]
        : [release, history];
    }
  }
}

/** By what made it fail; a cancellation has nothing to put right. */
function failedRemedies({ record: { installation } }: ExplainFacts, title: string, install: string): string[] {
  const generation = installation?.generation ?? 0n;
  const failure = failureOf(installation?.final);
  return failure === undefined
    ? [`try the same again: \`farrier machine retry ${title} --generation ${generation}\``, install]
    : failureRemedies(failure, title, generation);
}

/** What a machine in this state waits for. Pure. */
export function explainWaitingFor({ record, shepherd, claims = [] }: ExplainFacts): string {
  const { state } = record;
  const someShepherd = shepherd ? "a shepherd" : "a shepherd, and none lives";
  switch (state.state) {
    case "new":
      return (
        agentAwaited(record, claims) ??
        (record.providing?.power === true ? `an agent, from ${someShepherd}` : "an agent to be registered")
      );
    case "awaiting-agent":
      return "the first heartbeat of its agent";
    case "ready":
      return "an installation request";
    case "install-pending":
      return record.agent === undefined
        ? `${agentAwaited(record, claims) ?? "an agent"}, to hand generation ${state.generation ?? "?"} to`
        : `its agent to begin generation ${state.generation ?? "?"}`;
    case "installing":
      return `its agent to finish generation ${state.generation ?? "?"} (${state.phase ?? "unknown phase"}, ${bytes(state)})`;
    case "installed":
      return claims.some(({ weak }) => weak !== true)
        ? "an operator: an agent runs on what looks like this machine, in place of its system, and asks to be let in"
        : "nothing";
    case "install-failed":
      return state.retryAt === undefined ? "an operator's decision" : "the time of the next try";
    case "agent-lost":
      return someShepherd;
    case "starting-agent":
      return windowAwaited(record) ?? heldWork(state);
    case "recovering":
      return heldWork(state);
    case "backing-off":
      return `the end of the backoff${state.backoff === undefined ? "" : ` at ${state.backoff.until.toISOString()}`}, then ${someShepherd}`;
    case "quarantined":
      return "an operator to release it";
  }
}

function heldWork({ work }: { work?: HeldWork }): string {
  return work === undefined
    ? "the work that is held on it"
    : `${work.process}, held by ${work.runtimeInfo} (session ${work.sessionId})`;
}

/** What an open boot window waits for. */
function windowAwaited({ bootWindow }: MachineRecord): string | undefined {
  switch (bootWindow?.state) {
    case "open":
      return "it to boot from the network";
    case "given":
      return "its agent to start, and to enrol";
    case "enrolled":
    case "closed":
    case "expired":
    case undefined:
      return undefined;
  }
}

/** How an agent is to come, where that is known. */
function agentAwaited(record: MachineRecord, claims: NonNullable<ExplainFacts["claims"]>): string | undefined {
  return (
    windowAwaited(record) ?? (claims.length > 0 ? "an operator to approve the agent that says to be it" : undefined)
  );
}

function bytes({ bytesDone, bytesTotal }: { bytesDone: bigint; bytesTotal: bigint }): string {
  return bytesTotal === 0n
    ? bytesText(bytesDone)
    : `${bytesText(bytesDone)} of ${bytesText(bytesTotal)}, ${(bytesDone * 100n) / bytesTotal} %`;
}
