import { create } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  InstallationState,
  MachineListResponseSchema,
  MachineSort,
  type Installation,
  type Machine,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { durationText } from "../../lib/format/duration.ts";
import { machineChangeSignals, operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { MachineFilterFlags } from "../flags/machine-filter.ts";
import { isAnyMachine, machineFilterOf } from "../line/machine-filter.ts";
import type { PageFlags } from "../flags/page.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched, type View } from "../show/answer.ts";
import {
  labelWords,
  machineStateWord,
  machineTitle,
  progressShort,
  progressWords,
  standingWord,
  stateWord,
  when,
} from "../show/describe.ts";
import { formatAge } from "../show/time.ts";

/** The values of `--sort`. */
export type MachineSortWord = "id" | "name" | "created" | "state" | "since";

/** Flags of `farrier machine list`. */
export interface MachineListFlags extends ClientFlags, WatchFlags, PageFlags, MachineFilterFlags {
  sort: MachineSortWord | undefined;
  descending: boolean | undefined;
}

const header = [
  { title: "ID", whole: true },
  "NAME",
  { title: "STATE", whole: true },
  { title: "FOR", whole: true },
  "AGENT",
  "INSTALLED",
  "REQUEST",
  { title: "LABELS", spare: true },
];

const wideHeader = [...header, "PROVIDER", "PROVIDER ID", "ADDRESS", "LOCATION", "DEADLINE", "NEXT STEP"];

const sorts: Record<MachineSortWord, MachineSort> = {
  id: MachineSort.ID,
  name: MachineSort.NAME,
  created: MachineSort.CREATED,
  state: MachineSort.STATE,
  since: MachineSort.SINCE,
};

/** `farrier machine list` */
export async function machineListAction(this: CliContext, flags: MachineListFlags): Promise<void> {
  const filter = machineFilterOf(flags);
  const query = {
    ...filter,
    sort: flags.sort === undefined ? MachineSort.UNSPECIFIED : sorts[flags.sort],
    descending: flags.descending ?? false,
  };
  const client = await operatorClient(flags, this.process.env);
  const fetch = async (): Promise<ReturnType<typeof answerOf>> => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const { machines, nextPageToken: next } = await client.machines.machineList({ ...query, ...page });
      return { items: machines, nextPageToken: next };
    });
    const none = isAnyMachine(filter)
      ? "no machines yet: `farrier machine add --help` says how to add one"
      : "no such machines";
    return answerOf({
      schema: MachineListResponseSchema,
      message: create(MachineListResponseSchema, { machines: items, nextPageToken }),
      names: () => items.map((machine) => machineTitle(machine)),
      text: (view) => (items.length === 0 ? "" : machineTable(items, view)),
      note: items.length === 0 ? none : more,
    });
  };
  await answerWatched(this, flags, fetch, () => machineChangeSignals(client));
}

function machineTable(machines: readonly Machine[], view: View): string {
  const ids = view.width === undefined ? machines.map(({ id }) => id) : shortIds(machines.map(({ id }) => id));
  const rows = machines.map((machine, index) => row(machine, ids[index] ?? machine.id, view));
  return view.table(view.wide ? wideHeader : header, rows);
}

/** Shortens each id to 8 characters, or to as many as keep the ids distinct. Commands accept these. */
export function shortIds(ids: readonly string[]): string[] {
  for (let length = 8; length < 36; length += 5) {
    const short = ids.map((id) => id.slice(0, length));
    if (new Set(short).size === ids.length) {
      return short;
    }
  }
  return [...ids];
}

function row(machine: Machine, id: string, { wide, now }: View): string[] {
  const { agent, installation, installed, standing, provided } = machine;
  const heartbeat = agent?.heartbeatAt;
  const since = standing?.since;
  const cells = [
    id,
    machine.name === "" ? "-" : machine.name,
    standing === undefined ? "-" : machineStateWord(standing.state) + standingWord(standing, now),
    since === undefined ? "-" : durationText(now.getTime() - timestampDate(since).getTime(), 1),
    agent === undefined ? "-" : heartbeat === undefined ? "never" : formatAge(timestampDate(heartbeat), now),
    installed === undefined ? "-" : String(installed.generation),
    installation === undefined ? "-" : `${installation.generation} ${installationWords(installation, wide)}`,
    labelWords(machine.labels, ","),
  ];
  const more = [
    provided?.provider,
    provided?.providerId,
    provided?.address,
    provided?.location,
    when(standing?.deadline, now),
    standing?.nextStep,
  ];
  return wide ? [...cells, ...more.map((text) => (text === undefined || text === "" ? "-" : text))] : cells;
}

/** The installation's state, or its progress while it is pending; `wide`: in full. */
function installationWords(installation: Installation, wide: boolean): string {
  if (installation.state !== InstallationState.PENDING || installation.progress === undefined) {
    return stateWord(installation.state);
  }
  return wide ? progressWords(installation) : progressShort(installation);
}
