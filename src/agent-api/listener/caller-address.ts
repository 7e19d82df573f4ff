/** The address without the port, from a text such as 192.0.2.1:1234 or [2001:db8::1]:1234. */
export function addressOf(peer: string): string {
  return peer.replace(/:\d+$/u, "").replace(/^\[(?<inner>.*)\]$/u, "$<inner>");
}
