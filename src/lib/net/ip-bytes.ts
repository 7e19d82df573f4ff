import { isIPv4 } from "node:net";

/** An IP address as 4 or 16 bytes in network order. */
export function ipBytes(address: string): Buffer {
  if (isIPv4(address)) {
    return Buffer.from(address.split(".").map(Number));
  }
  // The URL parser normalises IPv6 addresses: hexadecimal groups, at most one "::".
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const front = groups(head);
  const back = groups(tail ?? "");
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => 0);
  return Buffer.from([...front, ...zeros, ...back].flatMap((group) => [group >> 8, group & 0xff]));
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

/** The address as text: IPv6 in lower case, with its longest run of zeros as "::". */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) {
    return bytes.join(".");
  }
  const text = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  ).join(":");
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}
