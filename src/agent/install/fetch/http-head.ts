// Parses the header of an HTTP/1.1 answer (RFC 9112). Pure.

/** The header of an answer. */
export interface HttpHead {
  status: number;
  reason: string;
  /** By lower-case name; repeated fields are joined by commas. */
  headers: Readonly<Record<string, string>>;
}

/** Maximum size of a header in bytes. */
export const headMost = 64 << 10;

/**
 * Parses the header and finds its end; undefined if more bytes are needed.
 * @throws {SyntaxError} if it is not a header
 */
export function httpHead(bytes: Buffer): { head: HttpHead; end: number } | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) {
    if (bytes.length > headMost || !/^H?(?:T|$)/u.test(bytes.toString("latin1", 0, 2))) {
      throw new SyntaxError("the answer is not HTTP/1.1");
    }
    return undefined;
  }
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const status = /^HTTP\/1\.\d (?<code>[1-9]\d\d)(?: (?<reason>[^\r\n]{0,200}))?/u.exec(first)?.groups;
  if (status === undefined) {
    throw new SyntaxError("the answer is not HTTP/1.1");
  }
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const line of lines) {
    const field = /^(?<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?<value>.*?)[ \t]*$/u.exec(line)?.groups;
    if (field === undefined) {
      throw new SyntaxError("a field of the answer's header is malformed");
    }
    const name = (field["name"] ?? "").toLowerCase();
    const value = field["value"] ?? "";
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return { head: { status: Number(status["code"]), reason: status["reason"] ?? "", headers }, end: end + 4 };
}

/** How the body's end is found. */
export type BodyEnd = { kind: "length"; bytes: bigint } | { kind: "chunked" } | { kind: "close" };

/** @throws {SyntaxError} if it can't be determined */
export function bodyEnd({ headers }: HttpHead): BodyEnd {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked") {
      throw new SyntaxError(`the answer has a transfer coding that was not requested: ${coding.slice(0, 50)}`);
    }
    return { kind: "chunked" };
  }
  const length = headers["content-length"];
  if (length === undefined) {
    return { kind: "close" };
  }
  if (!/^\d{1,18}$/u.test(length)) {
    throw new SyntaxError(`the answer's length is "${length.slice(0, 50)}"`);
  }
  return { kind: "length", bytes: BigInt(length) };
}
