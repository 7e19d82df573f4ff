/** The request id of the dialog that an entry of the browser's history stands for; undefined for a page's own entry. Pure. */
export function dialogOfEntry(state: unknown): string | undefined {
  return typeof state === "object" && state !== null && "dialog" in state && typeof state.dialog === "string"
    ? state.dialog
    : undefined;
}
