import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useState, type ReactElement } from "react";
import type { Installation } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { phaseWords } from "../../src/contract/words/phase.ts";
import { wordOf } from "../../src/contract/words/table.ts";
import { bytesText } from "../../src/lib/format/bytes.ts";
import { durationText } from "../../src/lib/format/duration.ts";
import { Bar } from "../ui/Bar.tsx";
import { ForeignText } from "./ForeignText.tsx";
import { progressBytes, progressForward, progressLeft } from "./progress-at.ts";
import { useServerNow } from "./server-clock.ts";

/** What a {@link ProgressBar} takes. */
export interface ProgressBarProps {
  installation: Installation;
  /** Phase and percentage alone, for rows of lists. */
  short?: boolean;
}

/** A pending installation's phase, bytes, rate and time left, carried on between two reports. */
export function ProgressBar({ installation, short = false }: ProgressBarProps): ReactElement {
  const now = useServerNow();
  const [shown, setShown] = useState<{ key: string; bytes: bigint }>();
  const { progress, generation } = installation;
  if (progress === undefined) {
    return <span className="text-dim">waiting for the agent</span>;
  }
  const phase = wordOf(phaseWords, progress.phase) ?? `phase ${String(progress.phase)}`;
  const reported = {
    done: progress.bytesDone,
    total: progress.bytesTotal,
    rate: progress.bytesPerSecond,
    at: progress.updatedAt === undefined ? new Date(0) : timestampDate(progress.updatedAt),
  };
  const key = `${generation} ${progress.phase}`;
  const bytes = progressForward(shown, key, progressBytes(reported, now));
  if (shown?.key !== key || shown.bytes !== bytes) {
    setShown({ key, bytes });
  }
  const share = reported.total === 0n ? undefined : Number(bytes) / Number(reported.total);
  const left = progressLeft(reported, bytes);
  const words = [
    phase,
    ...(share === undefined ? [] : [`${Math.floor(share * 100)} %`]),
    ...(short || bytes === 0n
      ? []
      : [share === undefined ? bytesText(bytes) : `${bytesText(bytes)} of ${bytesText(reported.total)}`]),
    ...(short || reported.rate <= 0 ? [] : [`${bytesText(reported.rate)}/s`]),
    ...(short || left === undefined ? [] : [`${durationText(Math.ceil(left / 1_000) * 1_000, 1)} left`]),
  ].join(", ");
  return (
    <div className={short ? "flex w-36 flex-col gap-0.5" : "flex flex-col gap-1"}>
      <Bar share={share} label="Installation" words={words} />
      <span className={short ? "text-xs whitespace-nowrap" : "text-sm"}>{words}</span>
      {progress.lastError === "" || short ? null : (
        <span className="text-sm text-warn">
          trying again: <ForeignText text={progress.lastError} />
        </span>
      )}
    </div>
  );
}
