/** Bytes of a file, both ends included. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * What of a file of `size` bytes a Range header asks for (RFC 9110, 14.2): one range, `whole` where there is none, it is in
 * another form, or there are several (a server may answer the whole), `unsatisfiable` where it is beyond the end. Pure.
 */
export function byteRange(header: string | undefined, size: number): ByteRange | "whole" | "unsatisfiable" {
  const match = /^bytes=(?<first>\d{0,15})-(?<last>\d{0,15})$/u.exec(header?.trim() ?? "");
  const { first = "", last = "" } = match?.groups ?? {};
  if (first === "" && last === "") {
    return "whole";
  }
  if (first === "") {
    // The last so many bytes.
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
