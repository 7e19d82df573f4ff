import type { ReactElement } from "react";
import { bytesText, memoryText } from "../../src/lib/format/bytes.ts";
import { Tooltip } from "../ui/Tooltip.tsx";

/** A size in bytes: memory in powers of 1024, disks and images in powers of 1000; all digits are in a tooltip. */
export function Bytes({ bytes, memory = false }: { bytes: bigint; memory?: boolean }): ReactElement {
  return (
    <Tooltip text={`${bytes.toLocaleString("en")} bytes`}>
      <span className="whitespace-nowrap" tabIndex={-1}>
        {memory ? memoryText(bytes) : bytesText(bytes)}
      </span>
    </Tooltip>
  );
}
