import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import type {
  EventFollowRequest,
  EventFollowResponseSchema,
  EventService,
} from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { cloudEventJson, cloudEventSource } from "../../contract/events/cloud-event.ts";
import { eventsMatching } from "../../contract/events/event-pattern.ts";
import { historyEvents } from "../../database/history.ts";
import { eventPage, eventsNow, eventsStart, type EventCursor } from "../../database/queries/event/event-page.ts";
import { systemClock } from "../../lib/clock.ts";
import { defined } from "../../lib/defined.ts";
import { callPlaces, TooManyCalls } from "../caller/call-places.ts";
import { fairPlaces } from "../caller/fair-places.ts";
import { callerKey, operatorShare } from "../caller/identity.ts";
import { isCount, tokenParts } from "../caller/query-token.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { validate } from "../requests/validate.ts";
import { eventTail } from "../watch/event-tail.ts";
import { eventsField } from "./webhook.ts";

/** Maximum number of events in one message, and of entries of history that are looked at for it. */
const pageRows = 200;
/** Milliseconds between two keepalive messages. */
const keepaliveInterval = 15_000;
/** Milliseconds that a reader may take for one message; a slower one must continue from its cursor. */
const slowAfter = 30_000;
/** Streams of one operator at a time. */
const streamsMost = 16;
/** Reads of the past at a time, of all streams and of one operator's: the other connections are left to operators' calls. */
const readsMost = { all: 3, each: 2 } as const;

const followRequest = z
  .object({ cursor: z.string(), fromStart: z.boolean(), events: eventsField })
  .refine(({ cursor, fromStart }) => cursor === "" || !fromStart, {
    path: ["fromStart"],
    message: "expected to be unset together with cursor, which says where to begin",
  });

type Response = MessageInitShape<typeof EventFollowResponseSchema>;

/**
 * The handlers of EventService. What is recorded from now on is read once for all streams; the past is read for each, a
 * page at a time, and a few streams' pages at a time.
 */
export function eventHandlers(dependencies: OperatorApiDependencies): ServiceImpl<typeof EventService> {
  const { database, feed, clock = systemClock, stopping } = dependencies;
  const tail = eventTail({ database, feed, clock, ...defined({ stopping }) });
  const streams = callPlaces({ running: streamsMost, waiting: 0 });
  const reads = fairPlaces(readsMost);

  async function* follow(
    request: EventFollowRequest,
    share: string,
    end: AbortSignal,
    resources: DisposableStack,
  ): AsyncGenerator<Response> {
    const read = async <Value>(look: () => Promise<Value>): Promise<Value> => {
      const done = await reads.take(share, end);
      try {
        return await look();
      } finally {
        done();
      }
    };
    const { cursor: asked, fromStart, events } = validate(followRequest, request);
    const wanted = eventsMatching(events, historyEvents);
    const follower = resources.use(tail.follow(new Set(wanted)));
    await follower.ready;
    const { origin, now, end: newest } = await read(() => eventsNow(database));
    const source = cloudEventSource(origin);
    let cursor = asked === "" ? (fromStart ? eventsStart : now) : cursorOf(asked, origin, newest);
    // The past is read from the database, until what the follower has collected meanwhile goes on from there.
    let behind = asked !== "" || fromStart;
    // Sent at once: a caller learns where it begins.
    yield { cursor: textOf(cursor, origin) };
    let told = clock.monotonic();
    while (!end.aborted) {
      const from = cursor;
      const collected = behind ? "overflow" : (follower.take() ?? { events: [], cursor: from, more: false });
      const taken =
        collected === "overflow"
          ? await read(() => eventPage(database, from, { events: wanted, limit: pageRows }))
          : collected;
      behind = taken.more;
      // The database was read further than the follower's oldest events.
      const fresh = taken.events.filter((event) => isBehind(event, from));
      cursor = isBehind(taken.cursor, from) ? taken.cursor : from;
      for (let at = 0; at < fresh.length || clock.monotonic() - told >= keepaliveInterval; at += pageRows) {
        const page = fresh.slice(at, at + pageRows);
        const last = at + pageRows >= fresh.length ? cursor : (page.at(-1) ?? cursor);
        const sent = clock.monotonic();
        yield {
          events: page.map((event) => {
            const place = textOf(event, origin);
            return { cursor: place, cloudEvent: cloudEventJson(event, source, place) };
          }),
          cursor: textOf(last, origin),
        };
        told = clock.monotonic();
        if (told - sent > slowAfter) {
          throw new ConnectError(
            `this reader took longer than ${slowAfter / 1_000} s for a message: follow again from the last cursor, nothing is lost`,
            Code.ResourceExhausted,
          );
        }
      }
      if (!behind) {
        await follower.wait(Math.max(1, told + keepaliveInterval - clock.monotonic()), clock, end);
      }
    }
  }

  return {
    async *eventFollow(
      request: EventFollowRequest,
      context: Pick<HandlerContext, "signal" | "values">,
    ): AsyncGenerator<Response> {
      const { operator } = context.values.get(callerKey);
      using resources = new DisposableStack();
      const share = operator === undefined ? "" : operatorShare(operator);
      const place = streams.take(share);
      resources.defer(
        await place.catch((error: unknown) => {
          throw error instanceof TooManyCalls ? tooMany(operator?.name ?? "") : error;
        }),
      );
      const end = stopping === undefined ? context.signal : AbortSignal.any([context.signal, stopping]);
      if (end.aborted) {
        return;
      }
      // A caller that hangs up between two messages leaves this generator where it is.
      end.addEventListener("abort", () => resources.dispose(), { once: true });
      yield* follow(request, share, end, resources);
    },
  };
}

function tooMany(name: string): ConnectError {
  return new ConnectError(
    `"${name}" follows events in ${streamsMost} streams: expected no more at a time. End one of them, or follow with another token`,
    Code.ResourceExhausted,
  );
}

const isBehind = (one: EventCursor, other: EventCursor): boolean =>
  one.xact > other.xact || (one.xact === other.xact && one.id > other.id);

const textOf = ({ xact, id }: EventCursor, origin: string): string =>
  Buffer.from(JSON.stringify([origin, String(xact), String(id)])).toString("base64url");

/** Cursors are shorter. */
const cursorLimit = 256;

/** @throws {ConnectError} invalid_argument if it is none, failed_precondition if it is another database's */
function cursorOf(text: string, origin: string, newest: bigint): EventCursor {
  const [of, xact = "", id = "", ...rest] = tokenParts(text, cursorLimit) ?? [];
  if (of === undefined || !isCount(xact) || !isCount(id) || rest.length > 0) {
    throw new ConnectError(
      "cursor: expected the cursor of an earlier event, unchanged, or nothing",
      Code.InvalidArgument,
    );
  }
  if (of !== origin || BigInt(xact) > newest) {
    throw new ConnectError(
      "cursor: belongs to another database, or to this database before it was restored: follow without a cursor, or from_start",
      Code.FailedPrecondition,
    );
  }
  return { xact: BigInt(xact), id: BigInt(id) };
}
