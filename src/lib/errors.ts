/**
 * The base of each layer's errors: a closed set of codes; a message that says what was wrong, what was expected and
 * what to do; and a cause, which is logged at the edge and never sent out.
 */
export class CodedError<Code extends string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** The chain of causes on one line, for logs. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  let current: unknown = error;
  while (current !== undefined && current !== null && !seen.has(current) && parts.length < 8) {
    seen.add(current);
    parts.push(messageOf(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(": ");
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map((inner: unknown) => messageOf(inner)).join("; ");
  }
  if (error instanceof Error) {
    return error.message === "" ? error.name : error.message;
  }
  return String(error);
}

/** The code of a system's or library's error ("ECONNREFUSED", or a SQLSTATE), if it has one. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return undefined;
}
