import { useState, type ReactElement } from "react";
import type { CatalogueImage } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { catalogueTagPattern, versionText } from "../../../src/contract/catalogue/catalogue-reference.ts";
import { randomId } from "../../api/random-id.ts";
import { OneCommandDialog } from "../../commands/OneCommandDialog.tsx";
import { Field, Select, TextInput } from "../../ui/Field.tsx";
import { imageTagPrepare, imageUntagPrepare } from "./image-commands.ts";

/** Gives a version of an image another name, or takes one away. */
export function ImageTagDialog({ image, onClose }: { image: CatalogueImage; onClose: () => void }): ReactElement {
  const [requestId] = useState(() => randomId());
  const [what, setWhat] = useState("set");
  const [tag, setTag] = useState("");
  const { name, version, tags } = image;
  const title = versionText(name, version);
  const removable = tags.filter((one) => one !== "latest");
  const remove = what !== "set";
  const wrong =
    tag === "" || catalogueTagPattern.test(tag)
      ? undefined
      : "expected a-z, 0-9 and '.-_', beginning with a letter, at most 63 characters";
  return (
    <OneCommandDialog
      title={`Tags of ${title}`}
      button={
        remove ? `Take ${what.slice(1)} away from ${name}` : tag === "" ? "Set the tag" : `Set ${tag} to ${title}`
      }
      command={remove ? imageUntagPrepare(name, what.slice(1), requestId) : imageTagPrepare(title, tag, requestId)}
      refused={remove ? undefined : tag === "" ? "type the tag first" : wrong}
      unsaved={tag !== ""}
      onClose={onClose}
    >
      <p className="text-dim">
        {name}@TAG names this version in profiles and requests. Set latest to an earlier version to go back to it.
      </p>
      {removable.length === 0 ? null : (
        <Field label="What">
          {(control) => (
            <Select
              {...control}
              value={what}
              options={[["set", "set a tag"], ...removable.map((one) => [`-${one}`, `take ${one} away`] as const)]}
              onChange={({ target }) => setWhat(target.value)}
            />
          )}
        </Field>
      )}
      {remove ? null : (
        <Field label="Tag" hint="Such as stable, or latest." error={wrong}>
          {(control) => <TextInput {...control} value={tag} onChange={({ target }) => setTag(target.value)} />}
        </Field>
      )}
    </OneCommandDialog>
  );
}
