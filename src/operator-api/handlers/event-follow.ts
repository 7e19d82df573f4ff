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
import { isCount, tokenParts } from "../caller/query-token.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { validate } from "../requests/validate.ts";
import { eventsField } from "./webhook.ts";

/** Entries of history that one message is made of. */
const pageRows = 200;
/** Milliseconds between two looks where nothing says that there is something new. */
const pollInterval = 1_000;
/** Milliseconds between two keepalive messages. */
const keepaliveInterval = 15_000;
/** Milliseconds that a reader may take for one message; a slower one must continue from its cursor. */
const slowAfter = 30_000;

const followRequest = z
  .object({ cursor: z.string(), fromStart: z.boolean(), events: eventsField })
  .refine(({ cursor, fromStart }) => cursor === "" || !fromStart, {
    path: ["fromStart"],
    message: "expected to be unset together with cursor, which says where to begin",
  });

type Response = MessageInitShape<typeof EventFollowResponseSchema>;

/** The handlers of EventService. */
export function eventHandlers(dependencies: OperatorApiDependencies): ServiceImpl<typeof EventService> {
  const { database, feed, clock = systemClock, stopping } = dependencies;
  return {
    async *eventFollow(request: EventFollowRequest, context: Pick<HandlerContext, "signal">): AsyncGenerator<Response> {
      const { cursor: asked, fromStart, events } = validate(followRequest, request);
      const end = stopping === undefined ? context.signal : AbortSignal.any([context.signal, stopping]);
      const { origin, now, end: newest } = await eventsNow(database);
      const source = cloudEventSource(origin);
      const wanted = eventsMatching(events, historyEvents);
      let cursor = asked === "" ? (fromStart ? eventsStart : now) : cursorOf(asked, origin, newest);
      // Sent at once: a caller learns where it begins.
      yield { cursor: textOf(cursor, origin) };
      let told = clock.monotonic();
      while (!end.aborted) {
        const heard = feed.next();
        const page = await eventPage(database, cursor, { events: wanted, limit: pageRows });
        ({ cursor } = page);
        if (page.events.length > 0 || clock.monotonic() - told >= keepaliveInterval) {
          const sent = clock.monotonic();
          yield {
            events: page.events.map((event) => {
              const at = textOf(event, origin);
              return { cursor: at, cloudEvent: cloudEventJson(event, source, at) };
            }),
            cursor: textOf(cursor, origin),
          };
          told = clock.monotonic();
          if (told - sent > slowAfter) {
            throw new ConnectError(
              `this reader took longer than ${slowAfter / 1_000} s for a message: follow again from the last cursor, nothing is lost`,
              Code.ResourceExhausted,
            );
          }
        }
        if (!page.more) {
          await heard.wait(pollInterval, end);
        }
      }
    },
  };
}

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
