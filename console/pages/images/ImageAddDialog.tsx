import { useState, type ReactElement } from "react";
import { randomId } from "../../api/random-id.ts";
import { OneCommandDialog } from "../../commands/OneCommandDialog.tsx";
import { Field, TextArea, TextInput } from "../../ui/Field.tsx";
import { imageAddPrepare, imageAddProblems, type ImageAddForm } from "./image-add-command.ts";

/** What an {@link ImageAddDialog} takes. */
export interface ImageAddDialogProps {
  /** The image that gets a further version; left out for a new one. */
  name?: string;
  onClose: () => void;
  /** Called with the image's name. */
  onDone: (name: string) => void;
}

/** Adds an image to the catalogue, or a further version of one. */
export function ImageAddDialog({ name = "", onClose, onDone }: ImageAddDialogProps): ReactElement {
  const [requestId] = useState(() => randomId());
  const [form, setForm] = useState<ImageAddForm>({ name, url: "", digest: "", signatureKey: "" });
  const problems = imageAddProblems(form);
  const [problem] = Object.entries(problems);
  const text = (field: "name" | "url" | "digest" | "signatureKey") => ({
    value: form[field],
    onChange: ({ target }: { target: { value: string } }) => setForm({ ...form, [field]: target.value }),
  });
  return (
    <OneCommandDialog
      title={name === "" ? "Add an image" : `Add a version of ${name}`}
      button={form.name === "" ? "Add the image" : `Add ${form.name}`}
      command={imageAddPrepare(form, requestId)}
      refused={
        problem === undefined
          ? undefined
          : `${problem[0] === "url" ? "the address" : `the ${problem[0]}`}: ${problem[1]}`
      }
      unsaved={form.url !== ""}
      onClose={onClose}
      onDone={() => onDone(form.name)}
    >
      <p className="text-dim">
        The server fetches the file once, checks digest and signature, and looks into it. Nothing is installed.
      </p>
      {name === "" ? (
        <Field name="name" label="Name" error={problems.name}>
          {(control) => <TextInput {...control} {...text("name")} placeholder="debian-13" />}
        </Field>
      ) : null}
      <Field
        name="url"
        label="Address"
        hint="An http, https or oci URL that the server and machines reach."
        error={problems.url}
      >
        {(control) => (
          <TextInput {...control} {...text("url")} mono placeholder="https://images.example.org/debian-13.raw.zst" />
        )}
      </Field>
      <Field
        name="digest"
        label="Digest"
        hint="sha256: and 64 hex digits. Empty: of what is fetched now, and machines accept nothing else."
        error={problems.digest}
      >
        {(control) => <TextInput {...control} {...text("digest")} mono placeholder="sha256:…" />}
      </Field>
      <Field
        name="signature"
        label="Signature key"
        hint="A minisign or cosign public key; the image is refused unless it is signed with it. Empty demands no signature."
      >
        {(control) => <TextArea {...control} {...text("signatureKey")} rows={2} />}
      </Field>
    </OneCommandDialog>
  );
}
