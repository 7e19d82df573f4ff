import type { ReactNode } from "react";
import { Checkbox } from "../ui/Field.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Keys } from "./Keys.tsx";
import { preferenceSet, usePreference } from "./preferences.ts";
import { useAllShortcuts } from "./shortcuts.ts";

/** The list of all keys that do something on this page. */
export function KeysHelp({ onClose }: { onClose: () => void }): ReactNode {
  const shortcuts = useAllShortcuts();
  const on = usePreference("keys") === "on";
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1.5 text-sm">
        {shortcuts.map(({ keys, words }) => (
          <div key={keys} className="contents">
            <dt>
              <Keys keys={keys} />
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <div className="border-line mt-4 border-t pt-2">
        <Checkbox checked={on} onChange={() => preferenceSet("keys", on ? "off" : "on")}>
          Single letters do something
        </Checkbox>
      </div>
    </Dialog>
  );
}
