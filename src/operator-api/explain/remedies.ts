import { listingRemedies } from "./causes/listing-causes.ts";
import { rolloutHoldRemedies } from "./causes/rollout-hold-causes.ts";
import { healthCauses } from "./causes/health-causes.ts";
import { recordTitle, type ExplainFacts } from "./facts.ts";
import { stateWords } from "./states.ts";
import { controllerRemedies, healthRemedy, releaseCommand } from "./states/remedy.ts";

/** What an operator can do about a machine in its state; always at least one remedy. Pure. */
export function explainRemedies(facts: ExplainFacts): string[] {
  return [
    ...(facts.readOnly === true
      ? ["make the database accept writes: promote the standby, or name the primary with --database-url and restart"]
      : []),
    ...(facts.record.state.state === "quarantined" ? releaseRemedies(facts) : enrollmentRemedies(facts)),
    ...refusedRemedies(facts),
    ...controllerRemedies(facts),
    ...stateWords(facts.record.state.state).remedies(facts),
    ...(healthCauses(facts).length === 0 ? [] : [healthRemedy(facts.record)]),
    ...listingRemedies(facts),
    ...rolloutHoldRemedies(facts),
  ];
}

/** In quarantine an approval would be refused. */
function releaseRemedies({ record, claims = [] }: ExplainFacts): string[] {
  return claims.length === 0
    ? []
    : [
        `release it first: ${releaseCommand(record)}; then the agent that claims to be this machine can be approved, and explain says how`,
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
                ? `approve the agent, which also stores the UUID as the firmware writes it: ${approve}`
                : `approve the agent, if it is this machine's: ${approve}`,
            ]),
        ...(disagrees && differs !== "byte-order"
          ? [`otherwise make it a new machine: \`farrier enrollment approve ${key}\` (--name gives it a name)`]
          : []),
      ];
    }),
    ...(nobodyCame
      ? [
          `switch it off, open another boot window: \`farrier machine boot-window ${title}\`, and have it boot from the network`,
        ]
      : []),
  ];
}

function refusedRemedies({ refused, record }: ExplainFacts): string[] {
  if (refused === undefined || record.agent === undefined) {
    return [];
  }
  return [`stop the refused agent at ${refused.address}; if it is this machine's, start it with the newest init file`];
}
