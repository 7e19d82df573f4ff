/** A range of bytes in a file, both ends included. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * The part of a file of `size` bytes that a Range header asks for (RFC 9110, 14.2): one range; `whole` if there is no
 * header, it has another form, or it has several ranges (a server may then answer with the whole); `unsatisfiable` if
 * it is beyond the end. Pure.
 */
export function byteRange(header: string | undefined, size: number): ByteRange | "whole" | "unsatisfiable" {
  const match = /^bytes=(?<first>\d{0,15})-(?<last>\d{0,15})$/u.exec(header?.trim() ?? "");
  const { first = "", last = "" } = match?.groups ?? {};
  if (first === "" && last === "") {
    return "whole";
  }
  if (first === "") {
    // A suffix range: the last bytes.
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { first: size - length, last: size - 1 };
  }
  if (last !== "" && Number(last) < Number(first)) {
    return "whole";
  }
  return Number(first) >= size
    ? "unsatisfiable"
    : { first: Number(first), last: last === "" ? size - 1 : Math.min(Number(last), size - 1) };
}
