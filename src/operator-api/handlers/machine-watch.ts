import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { z } from "zod";
import type { MachineWatchRequest, MachineWatchResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { machineId as toMachineId, type MachineId } from "../../database/ids.ts";
import {
  changesPosition,
  machineChanges,
  type ChangeCursor,
  type ChangesPage,
} from "../../database/queries/views/machine-changes.ts";
import { machinesProgressed } from "../../database/queries/views/machine-progressed.ts";
import { systemClock } from "../../lib/clock.ts";
import { defined } from "../../lib/defined.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { machineFilterField } from "../requests/machine-filter.ts";
import { validate } from "../requests/validate.ts";
import { changeMessages, changesWanted, type WatchScope } from "../watch/watch-changes.ts";
import { cursorRead, cursorText } from "../watch/watch-cursor.ts";
import type { Database } from "../../database/connect.ts";
import type { MachineFilter } from "../../database/queries/views/machine-list-filter.ts";
import type { Clock } from "../../lib/clock.ts";
import type { MachineFollower } from "../watch/machine-follower.ts";
import { machineTail } from "../watch/machine-tail.ts";

/** Maximum number of machines in one message, which bounds what a slow reader's stream holds. */
const batch = 100;
/** Changes that are read at once where most of them are of no interest. */
const filteredPage = 1_000;
/** Milliseconds between two keepalive messages. */
const keepaliveInterval = 15_000;
/** Milliseconds that a reader may take for one message; a slower one must reconnect with its cursor. */
const slowAfter = 30_000;
/** Milliseconds between two looks at what has changed, where a watch is about some machines: a page paints no faster. */
const paced = 250;
/** Milliseconds between two looks at the progress of the named machines. */
const progressInterval = 1_000;

const watchRequest = z
  .object({
    cursor: z.string(),
    includeExisting: z.boolean(),
    filter: machineFilterField,
    machines: z
      .array(z.string().refine(isUuid, "expected a machine's UUID").transform(toMachineId))
      .max(1000, "expected at most 1000 machines"),
  })
  .refine(({ cursor, includeExisting }) => cursor === "" || !includeExisting, {
    path: ["includeExisting"],
    message: "expected to be unset together with cursor, which says where to begin",
  });

type Response = MessageInitShape<typeof MachineWatchResponseSchema>;

/**
 * Streams machines that change, until the caller hangs up. All watches share one reader of the changes. A watch holds at
 * most a thousand ids of machines that changed; if a slow reader leaves more, it reads them from the database, only the
 * newest change of each machine.
 */
export function machineWatchHandler(dependencies: OperatorApiDependencies) {
  const { database, feed, clock = systemClock, stopping } = dependencies;
  const tail = machineTail({ database, feed, ...defined({ stopping }) });
  return async function* machineWatch(
    request: MachineWatchRequest,
    context: Pick<HandlerContext, "signal">,
  ): AsyncGenerator<Response> {
    const { cursor: asked, includeExisting, ...wanted } = validate(watchRequest, request);
    const scope = scopeOf(wanted);
    const end = stopping === undefined ? context.signal : AbortSignal.any([context.signal, stopping]);
    if (end.aborted) {
      return;
    }
    // With a filter any machine may be of interest, named or not.
    using follower = tail.follow(scope.filter === undefined ? scope : {});
    // A caller that hangs up between two messages leaves this generator where it is.
    end.addEventListener("abort", () => follower[Symbol.dispose](), { once: true });
    await follower.ready;
    const { origin, snapshot, at: begun, now, start } = await changesPosition(database);
    const pages = asked === "" && includeExisting && (scope.machines === undefined || scope.filter !== undefined);
    let cursor = asked === "" ? (pages ? start : now) : cursorRead(asked, origin, snapshot);
    const steps = watchSteps({ database, clock, follower, scope, begun, end }, cursor);
    // Sent at once: a caller that skips existing machines learns where its watch begins.
    yield { cursor: cursorText(cursor), at: timestampFromDate(begun) };
    let told = clock.monotonic();
    const first = includeExisting && !pages ? [...(scope.machines ?? [])] : [];
    for await (const step of steps) {
      const changes = [...first.splice(0).map((machineId) => ({ machineId, deleted: false })), ...step.changes];
      if (changes.length === 0 && clock.monotonic() - told < keepaliveInterval) {
        cursor = step.cursor;
        continue;
      }
      for (let from = 0; from === 0 || from < changes.length; from += batch) {
        // The cursor moves on behind the last part of a step: a caller that continues from an earlier part gets the whole step again.
        cursor = from + batch < changes.length ? cursor : step.cursor;
        const messages = await changeMessages(dependencies, changes.slice(from, from + batch));
        const sent = clock.monotonic();
        yield { changes: messages, cursor: cursorText(cursor), at: timestampFromDate(step.at) };
        told = clock.monotonic();
        if (told - sent > slowAfter) {
          throw new ConnectError(
            `this reader took longer than ${slowAfter / 1000} s for a message: watch again from the last cursor, nothing is lost`,
            Code.ResourceExhausted,
          );
        }
      }
    }
  };
}

function scopeOf({
  machines,
  filter,
}: {
  machines: readonly MachineId[];
  filter?: MachineFilter | undefined;
}): WatchScope {
  return { ...(machines.length === 0 ? {} : { machines: new Set(machines) }), ...defined({ filter }) };
}

/** The steps of a watch without an end, each after a wait for something to send, or for the next keepalive. */
async function* watchSteps(
  {
    database,
    clock,
    follower,
    scope,
    begun,
    end,
  }: {
    database: Database;
    clock: Clock;
    follower: MachineFollower;
    scope: WatchScope;
    begun: Date;
    end: AbortSignal;
  },
  from: ChangeCursor,
): AsyncGenerator<ChangesPage> {
  const all = scope.machines === undefined && scope.filter === undefined;
  let cursor = from;
  let progressed = begun;
  let progressAt = clock.monotonic() + progressInterval;
  // Changes are read from the database, until those that the follower has collected meanwhile go on from there.
  let behind = true;
  while (!end.aborted) {
    const looked = clock.monotonic();
    const taken: ChangesPage | undefined = behind ? undefined : follower.take();
    const page: ChangesPage = taken ?? (await machineChanges(database, cursor, all ? batch : filteredPage));
    behind = page.more;
    const changes = await changesWanted({ database }, scope, page.changes);
    if (scope.machines !== undefined && looked >= progressAt) {
      const progress = await machinesProgressed(database, scope.machines, progressed);
      const known = new Set(changes.map(({ machineId }) => machineId));
      changes.push(
        ...progress.machines.filter((id) => !known.has(id)).map((machineId) => ({ machineId, deleted: false })),
      );
      progressed = progress.at;
      progressAt = looked + progressInterval;
    }
    cursor = page.cursor;
    yield { ...page, changes };
    if (!behind) {
      if (!all) {
        await clock.sleep(Math.max(0, looked + paced - clock.monotonic()), end).catch(() => undefined);
      }
      await follower.wait(scope.machines === undefined ? keepaliveInterval : progressInterval, clock, end);
    }
  }
}
