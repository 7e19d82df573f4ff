import { useState, type ReactElement } from "react";
import { randomId } from "../../api/random-id.ts";
import { OneCommandDialog } from "../../commands/OneCommandDialog.tsx";
import { TypedName } from "../../commands/TypedName.tsx";
import { profileDeletePrepare } from "./profile-commands.ts";

/** Deletes a profile with all of its versions. */
export function ProfileDeleteDialog({
  name,
  onClose,
  onDone,
}: {
  name: string;
  onClose: () => void;
  onDone: () => void;
}): ReactElement {
  const [requestId] = useState(() => randomId());
  const [typed, setTyped] = useState("");
  return (
    <OneCommandDialog
      danger
      title={`Delete the profile ${name}`}
      button={`Delete ${name}`}
      command={profileDeletePrepare(name, requestId)}
      refused={typed === name ? undefined : `type ${name} first`}
      onClose={onClose}
      onDone={onDone}
    >
      <p className="text-dim">All of its versions go. Requests that were made by it stay as they are.</p>
      <TypedName expected={name} why="This can't be undone." value={typed} onChange={setTyped} />
    </OneCommandDialog>
  );
}
