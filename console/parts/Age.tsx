import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { ReactElement } from "react";
import { Tooltip } from "../ui/Tooltip.tsx";
import { useServerNow } from "./server-clock.ts";
import { ageWords, fullTimeWords } from "./time-words.ts";

/** What an {@link Age} takes. */
export interface AgeProps {
  at: Timestamp | undefined;
  /** Shown where there is no time. */
  none?: string;
}

/** A time as its age by the server's clock; the full time, in UTC and local, is in a tooltip. */
export function Age({ at, none = "–" }: AgeProps): ReactElement {
  const now = useServerNow();
  if (at === undefined) {
    return <span className="text-dim">{none}</span>;
  }
  const date = timestampDate(at);
  const full = fullTimeWords(date);
  return (
    <Tooltip text={full}>
      <time dateTime={date.toISOString()} className="whitespace-nowrap" tabIndex={-1}>
        {now === undefined ? full.split("\n")[0] : ageWords(date, now)}
      </time>
    </Tooltip>
  );
}
