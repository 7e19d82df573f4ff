import { useId, type ReactElement } from "react";
import type { ProfileChange } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { ForeignText } from "../../parts/ForeignText.tsx";

/** What a {@link ProfileChanges} takes. */
export interface ProfileChangesProps {
  title: string;
  /** Below a heading of this level. */
  below: "h1" | "h2";
  /** Undefined while they are asked for. */
  changes: readonly ProfileChange[] | undefined;
}

/** What differs between two specifications, field by field. */
export function ProfileChanges({ title, below, changes }: ProfileChangesProps): ReactElement {
  const id = useId();
  const Heading = below === "h1" ? "h2" : "h3";
  return (
    <section aria-labelledby={id} className="flex flex-col gap-2 text-sm">
      <Heading id={id}>{title}</Heading>
      {changes === undefined ? <p className="text-dim">Comparing …</p> : null}
      {changes?.length === 0 ? <p className="text-dim">Nothing changes.</p> : null}
      {changes?.map(({ field, before, after }) => (
        <dl key={field} className="border-line grid grid-cols-[4rem_minmax(0,1fr)] gap-x-2 rounded-md border p-2">
          <dt className="col-span-2 font-medium">
            <ForeignText text={field} mono />
          </dt>
          <Side word="before" text={before} tone="text-bad" />
          <Side word="after" text={after} tone="text-good" />
        </dl>
      ))}
    </section>
  );
}

function Side({ word, text, tone }: { word: string; text: string; tone: string }): ReactElement {
  return (
    <>
      <dt className="text-dim">{word}</dt>
      <dd className={text === "" ? "text-dim" : tone}>
        {text === "" ? "not there" : <ForeignText text={text} mono lines className="text-xs" />}
      </dd>
    </>
  );
}
