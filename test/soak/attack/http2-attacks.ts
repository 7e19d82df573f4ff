import type { Attack, AttackedConnection } from "./attack.ts";
import {
  callFrame,
  callFrames,
  callHeaders,
  flag,
  frame,
  frameType,
  hpackField,
  hpackIndexed,
  hpackIndexing,
  reset,
  setting,
  settings,
  uint32,
  windowUpdate,
} from "./frames.ts";
import { heartbeatPath, strangersHeartbeat } from "./messages.ts";

const nothing = Buffer.alloc(0);
const ping = frame(frameType.ping, flag.none, 0, Buffer.alloc(8));

/** `count` of what `one` makes, at once. */
function many(count: number, one: () => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, one));
}

const call = ({ stream }: AttackedConnection): Buffer => callFrames(stream(), heartbeatPath, strangersHeartbeat);

/** A call that was begun and reset. */
function resetCall({ stream }: AttackedConnection): Buffer {
  const id = stream();
  return Buffer.concat([callFrame(id, heartbeatPath), reset(id, (id >> 1) % 14)]);
}

/** Floods of HTTP/2's frames, RFC 9113 and RFC 7541, by what is sent over each connection. */
const floods: readonly Omit<Attack, "id" | "port" | "connections">[] = [
  { what: "rapid reset", next: (connection) => many(200, () => resetCall(connection)) },
  {
    what: "reset after headers and some of the message",
    next: ({ stream }) =>
      many(100, () => {
        const id = stream();
        const some = frame(
          frameType.data,
          flag.none,
          id,
          Buffer.concat([Buffer.of(0), uint32(900), Buffer.alloc(400)]),
        );
        return Buffer.concat([callFrame(id, heartbeatPath), some, reset(id)]);
      }),
  },
  {
    what: "CONTINUATION without end",
    first: ({ stream }) => frame(frameType.headers, flag.none, stream(), callHeaders(heartbeatPath)),
    next: () => many(50, () => frame(frameType.continuation, flag.none, 1, hpackField("x", "y".repeat(200)))),
  },
  { what: "SETTINGS", next: () => many(1_000, () => settings({ [setting.initialWindow]: 65_535 })) },
  { what: "PING", next: () => many(1_000, () => ping) },
  {
    what: "PRIORITY",
    next: ({ stream }) =>
      many(1_000, () => frame(frameType.priority, flag.none, stream(), Buffer.from([0, 0, 0, 0, 9]))),
  },
  {
    what: "empty DATA",
    first: ({ stream }) => callFrame(stream(), heartbeatPath),
    next: () => many(1_000, () => frame(frameType.data, flag.none, 1, nothing)),
  },
  {
    what: "empty HEADERS",
    next: ({ stream }) => many(500, () => frame(frameType.headers, flag.endHeaders, stream(), nothing)),
  },
  {
    what: "a window of 0",
    first: (connection) => Buffer.concat([settings({ [setting.initialWindow]: 0 }), many(8, () => call(connection))]),
    next: call,
    pace: 100,
  },
  {
    what: "a window of 1 byte, widened byte by byte",
    first: (connection) => Buffer.concat([settings({ [setting.initialWindow]: 1 }), many(8, () => call(connection))]),
    next: () => many(8, () => windowUpdate(1, 1)),
    pace: 5,
  },
  { what: "WINDOW_UPDATE beyond 2^31", first: () => many(2, () => windowUpdate(0, 0x7fff_ffff)) },
  { what: "WINDOW_UPDATE by 1", next: () => many(1_000, () => windowUpdate(0, 1)) },
  {
    what: "a header bomb by HPACK",
    next: ({ stream }) => {
      const bomb = Buffer.concat([hpackIndexing("x", "y".repeat(3_900)), Buffer.alloc(8_000, hpackIndexed)]);
      return frame(frameType.headers, flag.endHeaders | flag.endStream, stream(), callHeaders(heartbeatPath, bomb));
    },
  },
  {
    what: "unfinished headers",
    first: ({ stream }) => frame(frameType.headers, flag.none, stream(), callHeaders(heartbeatPath), 16_000),
  },
  {
    what: "slow bodies",
    first: ({ stream }) => many(8, () => callFrame(stream(), heartbeatPath)),
    next: () => many(8, () => frame(frameType.data, flag.none, 1, Buffer.of(0))),
    pace: 200,
  },
  { what: "unread answers", deaf: true, next: (connection) => many(50, () => call(connection)) },
  { what: "maximum streams", next: ({ stream }) => many(200, () => callFrame(stream(), heartbeatPath)) },
  {
    what: "GOAWAY and come again",
    first: (connection) =>
      Buffer.concat([call(connection), frame(frameType.goaway, flag.none, 0, Buffer.concat([uint32(0), uint32(0)]))]),
    closes: true,
  },
  { what: "unknown frames", next: () => many(1_000, () => frame(0x42, 0xff, 1, Buffer.alloc(4))) },
  {
    what: "frames longer than allowed",
    first: ({ stream }) => frame(frameType.data, flag.none, stream(), Buffer.alloc(64), 0xff_ffff),
  },
  {
    what: "PUSH_PROMISE of a client",
    first: ({ stream }) =>
      frame(frameType.pushPromise, flag.endHeaders, stream(), Buffer.concat([uint32(2), callHeaders("/")])),
  },
  { what: "bytes that are no HTTP/2", http2: false, first: () => Buffer.alloc(4_096, 0x41) },
  { what: "TLS and no preface", http2: false },
];

/** All of them on the agent port, and those that need no call on the operator port. */
export const http2Attacks: readonly Attack[] = [
  ...floods.map((flood): Attack => ({ ...flood, id: "", port: "agents", connections: 16 })),
  ...floods
    .filter(({ what }) =>
      ["rapid reset", "CONTINUATION without end", "PING", "SETTINGS", "a header bomb by HPACK"].includes(what),
    )
    .map((flood): Attack => ({ ...flood, id: "", port: "operators", connections: 16, identity: "none" })),
];
