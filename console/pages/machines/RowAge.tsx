import { timestampDate, timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { ReactNode } from "react";
import { durationText } from "../../../src/lib/format/duration.ts";
import { useServerWords } from "../../parts/server-clock.ts";
import { fullTimeWords } from "../../parts/time-words.ts";

/** How long ago, in a row: without a tooltip of its own, of which a list would have hundreds. */
export function RowAge({ at, none = "" }: { at: Timestamp | undefined; none?: string }): ReactNode {
  const words = useServerWords((now) =>
    now === undefined || at === undefined ? "" : durationText(now.getTime() - timestampMs(at), 1),
  );
  if (at === undefined) {
    return <span className="text-dim">{none}</span>;
  }
  const date = timestampDate(at);
  return (
    <time
      dateTime={date.toISOString()}
      className="whitespace-nowrap"
      // Hundreds of them, of which a person looks at one; its row may be another machine's the next moment.
      onPointerMove={({ currentTarget }) => (currentTarget.title = fullTimeWords(date))}
    >
      {words}
    </time>
  );
}
