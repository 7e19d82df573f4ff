// The head of an HTTP/1.1 answer (RFC 9112). Pure.

/** What an answer says before its body. */
export interface HttpHead {
  status: number;
  reason: string;
  /** By lower-case names; of fields that came several times, all with commas between. */
  headers: Readonly<Record<string, string>>;
}

/** Bytes that a head may have. */
export const headMost = 64 << 10;

/**
 * Where the head ends in what has come so far, and what it says; undefined = more is needed.
 * @throws {SyntaxError} when it is none
 */
export function httpHead(bytes: Buffer): { head: HttpHead; end: number } | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) {
    if (bytes.length > headMost || !/^H?(?:T|$)/u.test(bytes.toString("latin1", 0, 2))) {
      throw new SyntaxError("what came is no answer in HTTP/1.1");
    }
    return undefined;
  }
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const status = /^HTTP\/1\.\d (?<code>[1-9]\d\d)(?: (?<reason>[^\r\n]{0,200}))?/u.exec(first)?.groups;
  if (status === undefined) {
    throw new SyntaxError("what came is no answer in HTTP/1.1");
  }
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const line of lines) {
    const field = /^(?<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?<value>.*?)[ \t]*$/u.exec(line)?.groups;
    if (field === undefined) {
      throw new SyntaxError("a field of the answer's head is malformed");
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

/** @throws {SyntaxError} when it can't be told */
export function bodyEnd({ headers }: HttpHead): BodyEnd {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked") {
      throw new SyntaxError(`the answer is sent in a coding that was not asked for: ${coding.slice(0, 50)}`);
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
