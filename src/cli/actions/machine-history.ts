import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { MachineHistoryResponseSchema, type HistoryEntry } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { defined } from "../../lib/defined.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";
import { shortTime, when } from "../show/describe.ts";
import { isNarrow } from "../show/print.ts";

/** Flags of `farrier machine history`. */
export interface MachineHistoryFlags extends ClientFlags {
  limit: number | undefined;
  event: readonly string[] | undefined;
  by: readonly string[] | undefined;
  generation: bigint | undefined;
  since: Date | undefined;
}

const header = [
  { title: "AT", whole: true },
  { title: "EVENT", whole: true },
  { title: "GENERATION", whole: true },
  "BY",
  { title: "DETAIL", wrapped: true },
];

/** For terminals too narrow for the columns of {@link header}: these leave room for the detail. */
const narrowHeader = [
  { title: "AT", whole: true },
  { title: "EVENT", whole: true },
  "BY",
  { title: "DETAIL", wrapped: true },
];

const pageSize = 1000;

/** `farrier machine history` */
export async function machineHistoryAction(
  this: CliContext,
  flags: MachineHistoryFlags,
  machine: string,
): Promise<void> {
  const { machines } = await operatorClient(flags, this.process.env);
  const query = {
    machine,
    events: [...(flags.event ?? [])],
    actorKinds: [...(flags.by ?? [])],
    ...defined({ generation: flags.generation, from: flags.since && timestampFromDate(flags.since) }),
  };
  const limit = flags.limit ?? 100;
  const entries: HistoryEntry[] = [];
  let pageToken = "";
  do {
    const left = Math.min(pageSize, limit - entries.length);
    const page = await machines.machineHistory({ ...query, pageToken, pageSize: left });
    entries.push(...page.entries);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && entries.length < limit);
  answer(this, flags, {
    schema: MachineHistoryResponseSchema,
    message: create(MachineHistoryResponseSchema, { entries, nextPageToken: pageToken }),
    names: () => entries.map(({ event }) => event),
    text: ({ table, now, width }) =>
      isNarrow(width)
        ? table(narrowHeader, entries.map(narrowRow))
        : table(
            header,
            entries.map((entry) => row(entry, now)),
          ),
    note: pageToken === "" ? undefined : "there is more: --limit N shows it",
  });
}

function row(entry: HistoryEntry, now: Date): string[] {
  const { event, generation, detailJson } = entry;
  return [when(entry.at, now), event, generation === 0n ? "-" : String(generation), by(entry), detailWords(detailJson)];
}

function narrowRow(entry: HistoryEntry): string[] {
  const { at, event, generation, detailJson } = entry;
  return [
    shortTime(at),
    generation === 0n ? event : `${event} ${generation}`,
    // An agent's name is the machine's own key, so the kind alone is shown.
    entry.actor === "" || entry.actorKind === "agent" ? entry.actorKind : entry.actor,
    detailWords(detailJson),
  ];
}

function by({ actor, actorKind }: HistoryEntry): string {
  return actor === "" ? actorKind : `${actorKind} ${actor}`;
}

/** A detail's keys and values, on one line. */
export function detailWords(json: string): string {
  let detail: unknown;
  try {
    detail = JSON.parse(json === "" ? "{}" : json);
  } catch {
    // A later server may send something that is not JSON; it is shown unchanged.
    return json;
  }
  if (typeof detail !== "object" || detail === null) {
    return json;
  }
  return Object.entries(detail)
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}
