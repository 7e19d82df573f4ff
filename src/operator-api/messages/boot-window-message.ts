import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { BootWindowState, type BootWindowSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { BootWindow, BootWindowState as StateName } from "../../database/queries/boot/boot-window-state.ts";

const states: Record<StateName, BootWindowState> = {
  open: BootWindowState.OPEN,
  given: BootWindowState.GIVEN,
  enrolled: BootWindowState.ENROLLED,
  closed: BootWindowState.CLOSED,
  expired: BootWindowState.EXPIRED,
};

/** A boot window in the operator API. */
export function bootWindowMessage(window: BootWindow): MessageInitShape<typeof BootWindowSchema> {
  return {
    id: window.windowId,
    state: states[window.state],
    openedBy: window.openedBy,
    openedAt: timestampFromDate(window.openedAt),
    closesAt: timestampFromDate(window.closesAt),
  };
}
