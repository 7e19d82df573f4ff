import type { ReactElement } from "react";
import { ImageState, type CatalogueImage } from "../../gen/farrier/operator/v1/image_pb.ts";
import { imageStateWords } from "../../src/contract/words/image-state.ts";
import { wordOf } from "../../src/contract/words/table.ts";
import { toneGrounds, type Tone } from "../ui/Chip.tsx";
import { classes } from "../ui/classes.ts";
import { Icon, type IconName } from "../ui/Icon.tsx";

const looks: Record<ImageState, { icon: IconName; tone: Tone }> = {
  [ImageState.UNSPECIFIED]: { icon: "info", tone: "idle" },
  [ImageState.FETCHING]: { icon: "hourglass", tone: "busy" },
  [ImageState.READY]: { icon: "check", tone: "good" },
  [ImageState.FAILED]: { icon: "cross", tone: "bad" },
};

/** The state of an image's version: icon, word, colour. A version that is ready and will not boot says so. */
export function ImageStateBadge({ image }: { image: Pick<CatalogueImage, "state" | "facts"> }): ReactElement {
  const { state, facts } = image;
  const doubtful = state === ImageState.READY && (facts?.problems.length ?? 0) > 0;
  const { icon, tone } = doubtful
    ? ({ icon: "warning", tone: "warn" } as const)
    : (looks[state] ?? looks[ImageState.UNSPECIFIED]);
  return (
    <span
      data-chip=""
      className={classes(
        "inline-flex items-center gap-1 rounded-sm px-1.5 py-0.5 text-xs font-medium whitespace-nowrap",
        toneGrounds[tone],
      )}
    >
      <Icon name={icon} size={13} />
      {doubtful ? "will not boot" : (wordOf(imageStateWords, state) ?? `state ${String(state)}`)}
    </span>
  );
}
