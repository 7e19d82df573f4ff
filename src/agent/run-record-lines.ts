/** Maximum number of ended runs in a record: 64 restarts take longer than the 90 s after which a writer is over anyway. */
export const mostEndedRuns = 64;

/** The content of a run record's file; runs are in lower-case hex. */
export interface RunRecordLines {
  /** The run that holds the record; undefined if the file does not name one. */
  holder: string | undefined;
  /** Ended runs that the control plane has not acknowledged, newest first. */
  ended: string[];
}

/** Reads a record. Lines that are no run are ignored, so that a damaged, foreign or older file costs no more than those. */
export function runRecordParse(text: string): RunRecordLines {
  const [first, ...others] = text.split("\n", mostEndedRuns + 1);
  const holder = isRun(first) ? first : undefined;
  return { holder, ended: distinct(others.filter(isRun)).filter((run) => run !== holder) };
}

/** The file's text: a run a line, the holder first. */
export function runRecordText(holder: string, ended: string[]): string {
  return [holder, ...ended, ""].join("\n");
}

/**
 * What `run` records when it takes over a record whose holder has ended: that holder, and the runs that the holder has
 * not reported. Of more than {@link mostEndedRuns} the oldest are dropped.
 */
export function runRecordTaken(run: string, { holder, ended }: RunRecordLines): string[] {
  const all = holder === undefined ? ended : [holder, ...ended];
  return distinct(all)
    .filter((one) => one !== run)
    .slice(0, mostEndedRuns);
}

function isRun(line: string | undefined): line is string {
  return line !== undefined && /^[0-9a-f]{32}$/u.test(line);
}

function distinct(runs: string[]): string[] {
  return [...new Set(runs)];
}
