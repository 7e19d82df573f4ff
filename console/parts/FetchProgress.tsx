import type { ReactElement } from "react";
import type { ImageFetchProgress } from "../../gen/farrier/operator/v1/image_pb.ts";
import { bytesText } from "../../src/lib/format/bytes.ts";
import { printable } from "../../src/lib/format/printable.ts";
import { Bar } from "../ui/Bar.tsx";
import { Age } from "./Age.tsx";

/** How far the server is in fetching an image. */
export function FetchProgress({ progress, name }: { progress: ImageFetchProgress; name: string }): ReactElement {
  const { phase, bytesDone, bytesTotal, attempts, nextAt } = progress;
  const share = bytesTotal > 0n ? Number(bytesDone) / Number(bytesTotal) : undefined;
  const words = [
    printable(phase),
    bytesDone === 0n ? "" : `${bytesText(bytesDone)}${bytesTotal > 0n ? ` of ${bytesText(bytesTotal)}` : ""}`,
    attempts > 1 ? `try ${attempts}` : "",
  ]
    .filter((word) => word !== "")
    .join(", ");
  return (
    <div className="flex min-w-40 flex-col gap-0.5 text-xs">
      <Bar share={share} label={`Fetching ${printable(name)}`} words={words} />
      <span>
        {words}
        {nextAt === undefined || attempts === 0 ? null : (
          <>
            ; next try <Age at={nextAt} />
          </>
        )}
      </span>
    </div>
  );
}
