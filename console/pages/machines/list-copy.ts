// The list as a call, and its rows as CSV.
import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { MachineService, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { machineStateWords } from "../../../src/contract/words/machine-state.ts";
import { wordOf } from "../../../src/contract/words/table.ts";
import { prepare, type PreparedCommand } from "../../commands/prepared.ts";
import type { ListView } from "./list-address.ts";
import { listRequest } from "./list-query.ts";

/** The call that lists what `view` shows, for the command line and curl. Pure. */
export function listPrepare(view: ListView): PreparedCommand {
  const { filter, order, descending } = view;
  return prepare({
    machineId: "",
    title: "machines",
    method: MachineService.method.machineList,
    message: listRequest(view),
    words: () => [
      ...["machine", "list"],
      ...filter.states.flatMap((state) => ["--state", wordOf(machineStateWords, state) ?? String(state)]),
      ...Object.entries(filter.labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]),
      ...filter.providers.flatMap((provider) => ["--provider", provider]),
      ...(filter.search === "" ? [] : ["--search", filter.search]),
      ...(filter.location === "" ? [] : ["--location", filter.location]),
      ...(filter.deadlineMissed ? ["--overdue"] : []),
      ...["--sort", order],
      ...(descending ? ["--descending"] : []),
    ],
    done: () => "",
  });
}

/** Why the command line can't list what `view` shows; undefined if it can. Pure. */
export function listCliRefusal({ filter }: ListView): string | undefined {
  return filter.namePrefix === "" ? undefined : "the command line has no filter by the beginning of a name alone";
}

const columns: readonly (readonly [string, (machine: Machine) => string])[] = [
  ["name", ({ name }) => name],
  ["id", ({ id }) => id],
  ["state", ({ standing }) => wordOf(machineStateWords, standing?.state ?? 0) ?? ""],
  ["since", ({ standing }) => timeText(standing?.since)],
  [
    "labels",
    ({ labels }) =>
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(" "),
  ],
  ["provider", ({ provided }) => provided?.provider ?? ""],
  ["location", ({ provided }) => provided?.location ?? ""],
  ["agent_heard", ({ agent }) => timeText(agent?.heartbeatAt)],
  ["installed_generation", ({ installed }) => (installed === undefined ? "" : String(installed.generation))],
  ["installed_digest", ({ installed }) => installed?.digest ?? ""],
  ["known_since", ({ createdAt }) => timeText(createdAt)],
];

/** Machines as CSV (RFC 4180), times in UTC. Pure. */
export function machinesCsv(machines: readonly Machine[]): string {
  const lines = machines.map((machine) => columns.map(([, text]) => csvCell(text(machine))).join(","));
  return [columns.map(([name]) => name).join(","), ...lines, ""].join("\r\n");
}

/** A cell; what a spreadsheet would take for a formula begins with an apostrophe. Pure. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function timeText(at: Timestamp | undefined): string {
  return at === undefined ? "" : timestampDate(at).toISOString();
}
