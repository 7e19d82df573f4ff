import { useState, type ReactElement } from "react";
import { randomId } from "../../api/random-id.ts";
import { OneCommandDialog } from "../../commands/OneCommandDialog.tsx";
import { TypedName } from "../../commands/TypedName.tsx";
import { imageDeletePrepare } from "./image-commands.ts";

/** Deletes a version of an image, or all of them. @param reference NAME or NAME@VERSION */
export function ImageDeleteDialog({
  reference,
  onClose,
  onDone,
}: {
  reference: string;
  onClose: () => void;
  onDone: () => void;
}): ReactElement {
  const [requestId] = useState(() => randomId());
  const [typed, setTyped] = useState("");
  const all = !reference.includes("@");
  return (
    <OneCommandDialog
      danger
      title={all ? `Delete ${reference} with all of its versions` : `Delete ${reference}`}
      button={all ? `Delete all versions of ${reference}` : `Delete ${reference}`}
      command={imageDeletePrepare(reference, requestId)}
      refused={typed === reference ? undefined : `type ${reference} first`}
      onClose={onClose}
      onDone={onDone}
    >
      <p className="text-dim">
        It is refused while a profile or a pending installation uses it. Machines that are installed with it are left
        alone.
      </p>
      <TypedName expected={reference} why="This can't be undone." value={typed} onChange={setTyped} />
    </OneCommandDialog>
  );
}
