import { recordTitle, type ExplainFacts } from "./facts.ts";
import { stateWords } from "./states.ts";
import { releaseCommand } from "./states/remedy.ts";

/** What an operator can do about a machine in its state; never nothing. Pure. */
export function explainRemedies(facts: ExplainFacts): string[] {
  return [
    ...(facts.readOnly === true
      ? ["make the database take writes: promote the standby, or name the primary with --database-url and restart"]
      : []),
    ...(facts.record.state.state === "quarantined" ? releaseRemedies(facts) : enrollmentRemedies(facts)),
    ...refusedRemedies(facts),
    ...stateWords(facts.record.state.state).remedies(facts),
  ];
}

/** In quarantine an approval would be refused. */
function releaseRemedies({ record, claims = [] }: ExplainFacts): string[] {
  return claims.length === 0
    ? []
    : [
        `release it first: ${releaseCommand(record)}; then the agent that says to be it can be let in, and explain says how`,
      ];
}

function enrollmentRemedies({ record, claims = [] }: ExplainFacts): string[] {
  const title = recordTitle(record);
  const { bootWindow, agent } = record;
  const nobodyCame = bootWindow?.state === "expired" && (agent === undefined || agent.startedAt < bootWindow.openedAt);
  const replace = agent === undefined ? "" : " --replace";
  return [
    ...claims.flatMap(({ key, disagrees, differs, weak }) => {
      const approve = `\`farrier enrollment approve ${key} --machine ${title}${replace}\``;
      return [
        ...(weak === true
          ? []
          : [
              differs === "byte-order"
                ? `let it in, and have its UUID written as its firmware has it: ${approve}`
                : `let it in, if it is this machine: ${approve}`,
            ]),
        ...(disagrees && differs !== "byte-order"
          ? [`make it a machine of its own, if not: \`farrier enrollment approve ${key}\` (--name gives it a name)`]
          : []),
      ];
    }),
    ...(nobodyCame
      ? [`switch it off, open another: \`farrier machine boot-window ${title}\`, and have it boot from the network`]
      : []),
  ];
}

function refusedRemedies({ refused, record }: ExplainFacts): string[] {
  if (refused === undefined || record.agent === undefined) {
    return [];
  }
  return [
    `stop the agent at ${refused.address} that is refused; if it is this machine's, start it with the newest init file`,
  ];
}
