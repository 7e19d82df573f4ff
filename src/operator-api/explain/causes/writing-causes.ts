import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** Milliseconds after the last sign of two agents in which they count as being there still: a few heartbeats. */
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
              `two agents run on this machine's identity: calls of both came ${ago(agent.duplicateAt)} ago; an init file or a ` +
              "boot image was copied, stop one of them",
          },
        ]
      : []),
    ...(writer !== undefined && rival !== undefined && recent(rival.at)
      ? [
          {
            kind: "duplicate-agent" as const,
            text:
              `two agents run on this machine's identity, or it was restarted a moment ago: run ${rival.run} (key ${rival.key}) ` +
              `asked to write ${ago(rival.at)} ago while run ${writer.run} is the writer, last heard ${ago(writer.heardAt)} ago; ` +
              "it may write once that one is silent for 90 s",
          },
        ]
      : []),
  ];
}

/** What the agent is trying again. Pure. */
export function tryingAgainCauses({ record, now }: ExplainFacts): Cause[] {
  const { progress, pending } = record.installation ?? {};
  const { givesUpAt, at, lastError = "" } = progress ?? {};
  if (pending !== true || at === undefined || lastError === "") {
    return [];
  }
  const left = givesUpAt === undefined ? 0 : givesUpAt.getTime() - now.getTime();
  const until =
    givesUpAt === undefined
      ? "it goes on until it succeeds"
      : left > 0
        ? `it gives up at ${givesUpAt.toISOString()}, in ${durationText(left)}`
        : `it was to give up at ${givesUpAt.toISOString()}`;
  const said = durationText(now.getTime() - at.getTime());
  return [
    {
      kind: "trying-again",
      text: `the agent is trying again, ${until}; it said so ${said} ago: ${lastError}`,
    },
  ];
}

/** What is on the disk, and what is asked for, in the states that do not say so by themselves. Pure. */
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
              `${durationText(now.getTime() - unfinishedDisk.begunAt.getTime())} ago and did not succeed; nothing on it can be relied on`,
          },
        ]),
    ...(pending === undefined || says
      ? []
      : [{ kind: "pending" as const, text: `generation ${pending} is asked for, and has no result yet` }]),
  ];
}
