import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { ReactElement } from "react";
import type { HistoryEntry } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { printable } from "../../src/lib/format/printable.ts";
import { toneTexts } from "../ui/Chip.tsx";
import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/Icon.tsx";
import { Age } from "./Age.tsx";
import { ForeignText } from "./ForeignText.tsx";
import { historyDetail, historyLook } from "./history-words.ts";

/** What a {@link Timeline} takes. */
export interface TimelineProps {
  /** Newest first, as the server gives them. */
  entries: readonly HistoryEntry[];
  /** The address of an entry; left out where entries have none. */
  href?: (entry: HistoryEntry, key: string) => string;
  /** The key of the entry that the address names, which is marked. */
  named?: string | undefined;
}

/** The key of an entry in the address: its time and its event. Pure. */
export function timelineKey({ at, event }: HistoryEntry): string {
  return printable(`${at === undefined ? "" : timestampDate(at).toISOString()}-${event}`);
}

/** What happened to a machine, newest first, in one column. */
export function Timeline({ entries, href, named }: TimelineProps): ReactElement {
  return (
    <ol aria-label="Timeline" className="flex flex-col border-l border-line pl-3">
      {entries.map((entry, index) => {
        const key = timelineKey(entry);
        return (
          <Entry
            // Two entries may have the same time and event.
            key={`${key} ${String(index)}`}
            id={key}
            entry={entry}
            href={href?.(entry, key)}
            marked={key === named}
          />
        );
      })}
    </ol>
  );
}

interface EntryProps {
  id: string;
  entry: HistoryEntry;
  href: string | undefined;
  marked: boolean;
}

function Entry({ id, entry, href, marked }: EntryProps): ReactElement {
  const { icon, words, tone } = historyLook(entry);
  const detail = historyDetail(entry.detailJson);
  const title = <ForeignText text={words} className="font-medium" />;
  return (
    <li id={id} className={classes("flex gap-2 py-1.5 text-sm", marked && "rounded-sm bg-accent-soft")}>
      <span className={classes("pt-0.5", toneTexts[tone])}>
        <Icon name={icon} size={14} />
      </span>
      <div className="flex min-w-0 flex-col">
        <span className="flex flex-wrap items-baseline gap-x-2">
          {href === undefined ? (
            title
          ) : (
            <a href={href} className="hover:underline">
              {title}
            </a>
          )}
          {entry.generation === 0n ? null : <span className="text-dim">generation {String(entry.generation)}</span>}
          {entry.process === "" ? null : <ForeignText text={entry.process} className="text-dim" />}
          <span className="text-dim">
            <Age at={entry.at} />
          </span>
          <Actor entry={entry} />
        </span>
        {detail.length === 0 ? null : (
          <dl className="flex flex-wrap gap-x-3 text-dim">
            {detail.map(([name, value]) => (
              <div key={name} className="flex min-w-0 gap-1">
                <dt className="max-w-full shrink-0">
                  <ForeignText text={name} />:
                </dt>
                <dd className={classes("min-w-0", name === "error" && "text-bad", name === "reason" && "text-text")}>
                  <ForeignText text={value} />
                </dd>
              </div>
            ))}
          </dl>
        )}
      </div>
    </li>
  );
}

/** Who did it; an agent's name is the machine's own key, so its kind alone is said. */
function Actor({ entry: { actor, actorKind } }: { entry: HistoryEntry }): ReactElement {
  return (
    <span className="text-dim">
      by <ForeignText text={actor === "" || actorKind === "agent" ? actorKind : actor} />
    </span>
  );
}
