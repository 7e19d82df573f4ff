import type { ReactElement } from "react";
import type { BlockDevice } from "../../gen/cloud/agent/api/hardware_pb.ts";
import { bytesText } from "../../src/lib/format/bytes.ts";
import { toneTexts } from "../ui/Chip.tsx";
import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/Icon.tsx";
import { diskHealthLook, diskKind, diskTitle } from "./disk-facts.ts";
import { ForeignText } from "./ForeignText.tsx";

/** One disk of a {@link DiskPicture}. */
export interface PicturedDisk {
  device: BlockDevice;
  /** Conditions that match only this disk, the most lasting first. */
  selectors: readonly string[];
}

/** What a {@link DiskPicture} takes. */
export interface DiskPictureProps {
  disks: readonly PicturedDisk[];
  /** The disk that is chosen, of {@link disks}. */
  chosen?: PicturedDisk | undefined;
  /** Left out where there is nothing to choose. */
  onChoose?: (disk: PicturedDisk) => void;
  /** Size of the image that is to go on the chosen disk; 0 means unknown. */
  imageBytes?: bigint;
  /** What is on the disk by now, as far as is known. */
  holds?: (disk: PicturedDisk) => string | undefined;
}

/** A machine's disks, a box each, in the order of their places. */
export function DiskPicture({ disks, chosen, onChoose, imageBytes = 0n, holds }: DiskPictureProps): ReactElement {
  return (
    <ul aria-label="Disks" className="grid grid-cols-[repeat(auto-fill,minmax(min(15rem,100%),1fr))] gap-2">
      {disks.map((disk, index) => (
        <li key={disk.selectors[0] ?? index} className="flex">
          <DiskBox
            disk={disk}
            chosen={disk === chosen}
            onChoose={onChoose}
            imageBytes={disk === chosen ? imageBytes : 0n}
            holds={holds?.(disk)}
          />
        </li>
      ))}
    </ul>
  );
}

interface DiskBoxProps {
  disk: PicturedDisk;
  chosen: boolean;
  onChoose: DiskPictureProps["onChoose"];
  imageBytes: bigint;
  holds: string | undefined;
}

function DiskBox({ disk, chosen, onChoose, imageBytes, holds }: DiskBoxProps): ReactElement {
  const { device } = disk;
  const health = diskHealthLook(device);
  const look = classes(
    "flex w-full min-w-0 flex-col gap-0.5 rounded-md border p-2 text-left text-sm",
    chosen ? "border-accent bg-accent-soft outline outline-accent" : "border-line-strong bg-surface",
  );
  const body = (
    <>
      <span className="flex items-center gap-1.5 font-medium">
        <Icon name={chosen ? "check" : "disk"} size={14} />
        <ForeignText text={diskTitle(device)} />
      </span>
      <span className="flex flex-wrap gap-x-2">
        <span className="font-semibold whitespace-nowrap">{bytesText(device.capacityBytes)}</span>
        <span className="whitespace-nowrap">{diskKind(device)}</span>
        <ForeignText text={device.name} mono />
      </span>
      <ForeignText
        text={device.serialNumber === "" ? "no serial number" : device.serialNumber}
        mono
        className="text-xs"
      />
      <span className={classes("text-xs", toneTexts[health.tone])}>
        {health.words === "-" ? "no health reported" : <ForeignText text={health.words} />}
      </span>
      {holds === undefined ? null : <span className="text-xs text-warn">{holds}</span>}
      {chosen && imageBytes > 0n ? <ImageOnDisk image={imageBytes} disk={device.capacityBytes} /> : null}
    </>
  );
  return onChoose === undefined ? (
    <div className={look}>{body}</div>
  ) : (
    <button
      type="button"
      aria-pressed={chosen}
      onClick={() => onChoose(disk)}
      className={classes(look, "hover:bg-hover")}
    >
      {body}
    </button>
  );
}

/** The image's size on the disk, to scale. */
function ImageOnDisk({ image, disk }: { image: bigint; disk: bigint }): ReactElement {
  const share = disk === 0n ? 1 : Number(image) / Number(disk);
  return (
    <span className="mt-1 flex flex-col text-xs">
      <span className="block h-3 w-full overflow-hidden rounded-sm border border-line-strong bg-surface">
        <span
          data-fill=""
          className={classes("block h-full", share > 1 ? "bg-bad" : "bg-busy")}
          style={{ width: `${Math.max(0.5, Math.min(100, share * 100))}%` }}
        />
      </span>
      {share > 1
        ? `the image takes ${bytesText(image)}: too large`
        : `the image takes ${bytesText(image)} of ${bytesText(disk)}`}
    </span>
  );
}
