import type { AgentHardwareReport } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { machinePart, partLists, type Part, type PartList } from "./hardware-parts.ts";

/** One difference between two hardware reports. */
export interface HardwareChange {
  kind: "added" | "removed" | "changed";
  /** The part's label, such as "disk S3EVNX0K123456". */
  part: string;
  /** The field's name in the report; "" if a whole part was added or removed. */
  field: string;
  before: string;
  after: string;
  /** The change as a sentence. */
  text: string;
}

/**
 * Compares two hardware reports. Disks are matched by serial number, WWN or name, network interfaces by MAC, PCI
 * devices and memory modules by their slot. Readings, and parts that neither report has, are left out. Pure.
 */
export function hardwareChanges(before: AgentHardwareReport, after: AgentHardwareReport): HardwareChange[] {
  const later = partLists(after.report);
  return [
    ...partChanges(machinePart(before.report), machinePart(after.report)),
    ...partLists(before.report).flatMap((list, index) => kindChanges(list, later[index] ?? { ...list, parts: [] })),
    ...warningChanges(before.warning, after.warning),
  ];
}

function kindChanges(before: PartList, after: PartList): HardwareChange[] {
  const [was, is] = [before.parts.length, after.parts.length];
  if (before.maybeUntold && (was === 0) !== (is === 0)) {
    const [kind, text] =
      was === 0
        ? (["added", `${before.title} are reported for the first time (${is})`] as const)
        : (["removed", `${before.title} are no longer reported (${was})`] as const);
    return [
      { kind, part: before.title, field: "", before: was === 0 ? "" : `${was}`, after: is === 0 ? "" : `${is}`, text },
    ];
  }
  return listChanges(before.parts, after.parts);
}

function listChanges(before: readonly Part[], after: readonly Part[]): HardwareChange[] {
  const earlier = new Map(before.map((part) => [part.key, part]));
  const later = new Set(after.map((part) => part.key));
  return [
    ...before
      .filter(({ key }) => !later.has(key))
      .map((part): HardwareChange => whole("removed", part, `${part.label} is gone (${part.what})`)),
    ...after.flatMap((part) => {
      const was = earlier.get(part.key);
      return was === undefined ? [whole("added", part, `${part.label} is new (${part.what})`)] : partChanges(was, part);
    }),
  ];
}

function whole(kind: "added" | "removed", part: Part, text: string): HardwareChange {
  const [before, after] = kind === "added" ? ["", part.what] : [part.what, ""];
  return { kind, part: part.label, field: "", before, after, text };
}

function partChanges(before: Part, after: Part): HardwareChange[] {
  const fields = [...new Set([...before.values.keys(), ...after.values.keys()])];
  return fields.flatMap((field): HardwareChange[] => {
    const [was, is] = [before.values.get(field) ?? "", after.values.get(field) ?? ""];
    if (was === is) {
      return [];
    }
    const text = `${after.label}: ${field.replaceAll("_", " ")} was ${was === "" ? "not given" : was}, is ${is === "" ? "not given" : is}`;
    return [{ kind: "changed", part: after.label, field, before: was, after: is, text }];
  });
}

function warningChanges(before: readonly string[], after: readonly string[]): HardwareChange[] {
  const change = (kind: "added" | "removed", warning: string): HardwareChange => ({
    kind,
    part: "warning",
    field: "",
    before: kind === "removed" ? warning : "",
    after: kind === "added" ? warning : "",
    text: `${kind === "added" ? "the agent warns" : "the agent no longer warns"}: ${warning}`,
  });
  return [
    ...before.filter((warning) => !after.includes(warning)).map((warning) => change("removed", warning)),
    ...after.filter((warning) => !before.includes(warning)).map((warning) => change("added", warning)),
  ];
}
