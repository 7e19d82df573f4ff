import { useEffect, useState, type ReactNode } from "react";
import { renewedHide, useLiveStatus, useRenewed } from "../live/live.ts";
import { serverNow } from "../parts/server-clock.ts";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";

/** Milliseconds without the stream after which it is said. */
const quiet = 3_000;

/** Says when what is shown is not live, and when everything was read anew; otherwise nothing. */
export function LiveBar(): ReactNode {
  const { live, lostAt, reason } = useLiveStatus();
  const [late, setLate] = useState(false);
  const renewed = useRenewed();
  useEffect(() => {
    const timer = setTimeout(() => setLate(!live), live ? 0 : quiet);
    return () => clearTimeout(timer);
  }, [live]);
  if (late && !live) {
    return (
      <p
        role="status"
        className="border-warn bg-warn-soft text-warn flex items-center gap-2 border-b px-4 py-1.5 text-sm"
      >
        <Icon name="warning" size={14} />
        <span className="foreign">
          Not live since {timeOf(lostAt)}; trying again. What is shown may be older than that.
          {reason === undefined ? null : ` The server says: ${reason}`}
        </span>
      </p>
    );
  }
  return renewed === undefined ? null : (
    <p role="status" className="border-busy bg-busy-soft text-busy flex items-center gap-2 border-b px-4 py-1 text-sm">
      <Icon name="info" size={14} />
      <span className="foreign grow">Everything was read anew: {renewed}.</span>
      <Button kind="quiet" icon="close" aria-label="Hide this line" onClick={renewedHide} />
    </p>
  );
}

/** A moment of the browser's monotonic clock as the time of day. */
function timeOf(moment: number | undefined): string {
  const now = serverNow() ?? new Date();
  const at = new Date(now.getTime() - (performance.now() - (moment ?? performance.now())));
  return at.toLocaleTimeString(undefined, { hour12: false });
}
