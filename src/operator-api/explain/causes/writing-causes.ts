import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** Milliseconds after the last sign of two agents for which both count as running: a few heartbeats. */
const duplicateFor = 10 * 60_000;

/** Two live agents with this machine's identity. Pure. */
export function duplicateCauses({ record, now }: ExplainFacts): Cause[] {
  const recent = (at: Date | undefined): at is Date => at !== undefined && now.getTime() - at.getTime() < duplicateFor;
  const ago = (at: Date): string => durationText(now.getTime() - at.getTime());
  const { agent, installation } = record;
  const writer = installation?.pending === true ? installation.writer : undefined;
  const rival = writer?.rival;
  return [
    ...(recent(agent?.duplicateAt)
      ? [
          {
            kind: "duplicate-agent" as const,
            text:
              `two agents use this machine's identity: both called ${ago(agent.duplicateAt)} ago; an init file or a ` +
              "boot image was copied, stop one of them",
          },
        ]
      : []),
    ...(writer !== undefined && rival !== undefined && recent(rival.at)
      ? [
          {
            kind: "duplicate-agent" as const,
            text:
              `two agents use this machine's identity, or its agent was just restarted: run ${rival.run} (key ${rival.key}) ` +
              `asked to write ${ago(rival.at)} ago while run ${writer.run} is the writer, last heard ${ago(writer.heardAt)} ago; ` +
              "it may write once the writer has been silent for 90 s",
          },
        ]
      : []),
  ];
}

/** The operation that the agent is retrying. Pure. */
export function tryingAgainCauses({ record, now }: ExplainFacts): Cause[] {
  const { progress, pending } = record.installation ?? {};
  const { givesUpAt, at, lastError = "" } = progress ?? {};
  if (pending !== true || at === undefined || lastError === "") {
    return [];
  }
  const left = givesUpAt === undefined ? 0 : givesUpAt.getTime() - now.getTime();
  const until =
    givesUpAt === undefined
      ? "it retries until it succeeds"
      : left > 0
        ? `it gives up at ${givesUpAt.toISOString()}, in ${durationText(left)}`
        : `it should have given up at ${givesUpAt.toISOString()}`;
  const said = durationText(now.getTime() - at.getTime());
  return [
    {
      kind: "trying-again",
      text: `the agent is retrying, ${until}; it reported ${said} ago: ${lastError}`,
    },
  ];
}

/** The disk's state and the pending request, in states that do not name them already. Pure. */
export function unfinishedCauses({ record, now }: ExplainFacts): Cause[] {
  const { state, installation, unfinishedDisk } = record;
  const pending = installation?.pending === true ? installation.generation : undefined;
  const says = state.state === "installing" || state.state === "install-pending";
  const writing = state.state === "installing" && unfinishedDisk?.generation === pending;
  return [
    ...(unfinishedDisk === undefined || writing
      ? []
      : [
          {
            kind: "disk-unfinished" as const,
            text:
              `its disk is half-written: generation ${unfinishedDisk.generation} began to write ` +
              `${durationText(now.getTime() - unfinishedDisk.begunAt.getTime())} ago and did not succeed; do not rely on its content`,
          },
        ]),
    ...(pending === undefined || says
      ? []
      : [{ kind: "pending" as const, text: `generation ${pending} is requested, and has no result yet` }]),
  ];
}
