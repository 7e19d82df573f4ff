/** One line of a check: what was checked, whether it is in order, and a remedy if it is not. */
export interface CheckLine {
  ok: boolean;
  what: string;
  remedy?: string;
}
