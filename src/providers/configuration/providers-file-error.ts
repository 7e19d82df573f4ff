/** What is wrong with a file of providers: a line each, as "FILE:LINE:COLUMN: what was wrong, and what was expected". */
export class ProvidersFileError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: { cause?: unknown }) {
    super(problems.join("\n"), options);
    this.name = "ProvidersFileError";
    this.problems = problems;
  }
}
