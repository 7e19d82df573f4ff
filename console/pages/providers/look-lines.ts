/** A line of a check. */
export interface LookLine {
  ok: boolean;
  what: string;
  /** "" where there is nothing to do. */
  remedy: string;
}

/** The lines in the result of a check; what is not as expected is left out. Pure. */
export function lookLines(result: Readonly<Record<string, unknown>>): LookLine[] {
  const lines: unknown[] = Array.isArray(result["lines"]) ? result["lines"] : [];
  return lines.flatMap((line) => {
    if (typeof line !== "object" || line === null) {
      return [];
    }
    const { ok, what, remedy } = line as { ok?: unknown; what?: unknown; remedy?: unknown };
    return [{ ok: ok === true, what: textOf(what), remedy: textOf(remedy) }];
  });
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
