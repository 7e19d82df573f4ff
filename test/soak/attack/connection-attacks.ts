import type { Attack } from "./attack.ts";

/** The beginning of a TLS ClientHello whose rest never comes. */
const halfHello = Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), Buffer.alloc(32, 7)]);

/** A request of the operator API with a token that is none. */
const guess = Buffer.from(
  "POST /farrier.operator.v1.MachineService/MachineList HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer frr_guess\r\n" +
    "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
);
const bootRequest = Buffer.from("GET /boot.ipxe HTTP/1.1\r\nhost: localhost\r\n\r\n");

/** Attacks by connections: held open, half made, or made again and again. */
export const connectionAttacks: readonly Attack[] = [
  { id: "A6", what: "520 idle TLS connections", port: "operators", connections: 520, identity: "none" },
  { id: "A6", what: "520 idle TLS connections", port: "agents", connections: 520 },
  { id: "A6", what: "1,100 idle connections", port: "netboot", connections: 1_100, clear: true, http2: false },
  {
    id: "A6",
    what: "guesses of tokens",
    port: "operators",
    connections: 16,
    identity: "none",
    http2: false,
    next: () => guess,
  },
  {
    id: "A9",
    what: "requests without end",
    port: "netboot",
    connections: 16,
    clear: true,
    http2: false,
    next: () => bootRequest,
  },
  ...(["agents", "operators"] as const).flatMap((port): Attack[] => [
    { id: "", what: "half-open TLS", port, connections: 500, clear: true, http2: false, first: () => halfHello },
    { id: "", what: "connections without a byte", port, connections: 500, clear: true, http2: false },
    {
      ...{ id: "A6", what: "connections by the thousands", port, connections: 200, clear: true, http2: false },
      ...{ first: () => halfHello, closes: true, again: 1 },
    },
    { id: "", what: "handshakes without end", port, connections: 16, closes: true, again: 1 },
  ]),
];
