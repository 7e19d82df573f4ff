import { usePreference } from "../../layout/preferences.ts";
import { listColumns, type MachineColumn } from "./columns.tsx";

/** Columns that are hidden before anything was chosen. */
const hiddenAtFirst = "created";

/** The columns that are shown. */
export function useColumns(): readonly MachineColumn[] {
  const hidden = hiddenNames(usePreference("hiddenColumns"));
  return listColumns.filter(({ name }) => !hidden.includes(name));
}

/** The names of hidden columns, as the preference has them. Pure. */
export function hiddenNames(value: string): string[] {
  return (value === "" ? hiddenAtFirst : value).split(" ");
}
