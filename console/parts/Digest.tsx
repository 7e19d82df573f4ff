import type { ReactElement } from "react";
import { printable } from "../../src/lib/format/printable.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { Tooltip } from "../ui/Tooltip.tsx";
import { ForeignText } from "./ForeignText.tsx";

/** Characters of a digest or id that are shown where room is short. */
const shownDigits = 12;

/** A digest ("sha256:…") or an id: its first digits, the whole in a tooltip and by the copy button. */
export function Digest({ digest, what = "the digest" }: { digest: string; what?: string }): ReactElement {
  const colon = digest.indexOf(":") + 1;
  const short = digest.slice(colon, colon + shownDigits);
  return (
    <span className="inline-flex items-center whitespace-nowrap">
      <Tooltip text={printable(digest)}>
        <span tabIndex={-1}>
          <ForeignText mono text={short.length + colon < digest.length ? `${short}…` : short} />
        </span>
      </Tooltip>
      <CopyButton text={digest} what={what} />
    </span>
  );
}
