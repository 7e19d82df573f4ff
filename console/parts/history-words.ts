import type { HistoryEntry } from "../../gen/farrier/operator/v1/machine_pb.ts";
import type { Tone } from "../ui/Chip.tsx";
import type { IconName } from "../ui/Icon.tsx";

/** The kinds of entries that a timeline can be filtered by. */
export const historyKinds = ["installation", "agent", "work", "boot", "machine"] as const;

/** One kind of entries. */
export type HistoryKind = (typeof historyKinds)[number];

/** By the beginning of the event's name; the first that fits counts. */
const kinds: readonly (readonly [RegExp, HistoryKind])[] = [
  [/^(?:installation|installed|report)_|^came_up/u, "installation"],
  [/^work_|^backoff_|^deadline_|^power_|^takeover_/u, "work"],
  [/^boot_|^enrollment_|^second_claimant|^start_means_/u, "boot"],
  [/^agent_|^hardware_|^ssh_host_key_/u, "agent"],
];

const tones: readonly (readonly [RegExp, Tone])[] = [
  [
    /_(?:failed|lost|missed|vanished|duplicate|unasked|late|other_run|silent|earlier|refused)$|^second_claimant$/u,
    "bad",
  ],
  [/_(?:succeeded|finished|enrolled|returned|joined)$|^came_up$/u, "good"],
  [/_(?:cancelled|quarantined|removed|replaced|stopped|deleted)$/u, "warn"],
];

const icons: Record<HistoryKind, IconName> = {
  installation: "install",
  agent: "ready",
  work: "recover",
  boot: "network",
  machine: "machine",
};

/** How an entry looks: its kind, its name in words, its colour. Pure; a later server may have events that are new. */
export function historyLook({ event }: Pick<HistoryEntry, "event">): {
  kind: HistoryKind;
  words: string;
  icon: IconName;
  tone: Tone;
} {
  const kind = kinds.find(([pattern]) => pattern.test(event))?.[1] ?? "machine";
  const tone = tones.find(([pattern]) => pattern.test(event))?.[1] ?? "idle";
  return { kind, words: event.replaceAll("_", " "), icon: icons[kind], tone };
}

/** An entry's details in words: "reason: too hot, provider id: web1". Pure. */
export function historyDetail(json: string): [name: string, value: string][] {
  let detail: unknown;
  try {
    detail = json === "" ? {} : JSON.parse(json);
  } catch {
    return [["detail", json]];
  }
  return typeof detail === "object" && detail !== null
    ? Object.entries(detail)
        .filter(([, value]) => value !== null && value !== "")
        .map(([name, value]) => [nameWords(name), typeof value === "string" ? value : JSON.stringify(value)])
    : [["detail", json]];
}

/** "providerId" as "provider id". Pure. */
function nameWords(name: string): string {
  return name.replaceAll(/(?<=[a-z])[A-Z]/gu, (letter) => ` ${letter.toLowerCase()}`);
}
