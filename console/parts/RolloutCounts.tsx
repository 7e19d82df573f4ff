import type { ReactElement } from "react";
import type { RolloutCounts as Counts } from "../../gen/farrier/operator/v1/rollout_pb.ts";
import { toneFills, toneTexts } from "../ui/Chip.tsx";
import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/Icon.tsx";
import { rolloutCountLooks } from "./rollout-looks.ts";

/** A rollout's or a wave's machines by state: a bar, and the same in words. */
export function RolloutCounts({ counts }: { counts: Counts | undefined }): ReactElement {
  const shown = rolloutCountLooks(counts);
  return (
    <div className="flex min-w-40 flex-col gap-1">
      <div aria-hidden="true" className="bg-idle-soft flex h-2 w-full gap-px overflow-hidden rounded-sm">
        {shown.map(({ look: { word, tone }, count }) => (
          <div
            key={word}
            data-fill=""
            className={classes("h-full min-w-1", toneFills[tone])}
            style={{ flexGrow: count, flexBasis: 0 }}
          />
        ))}
      </div>
      <ul className="flex flex-wrap gap-x-3 text-sm">
        {shown.map(({ look: { word, icon, tone }, count }) => (
          <li key={word} className="inline-flex items-center gap-1">
            <span className={toneTexts[tone]}>
              <Icon name={icon} size={12} />
            </span>
            <strong>{count.toLocaleString("en")}</strong> <span className="text-dim">{word}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
