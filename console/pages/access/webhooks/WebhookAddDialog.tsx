import { useState, type ReactElement } from "react";
import { randomId } from "../../../api/random-id.ts";
import { CopyAs } from "../../../commands/CopyAs.tsx";
import { useSending } from "../../../commands/use-sending.ts";
import { Button } from "../../../ui/Button.tsx";
import { Dialog } from "../../../ui/Dialog.tsx";
import { ErrorBox } from "../../../ui/ErrorBox.tsx";
import { Checkbox, Field, TextArea, TextInput } from "../../../ui/Field.tsx";
import { SecretDialog } from "../SecretDialog.tsx";
import { webhookAddPrepare, webhookProblems, type WebhookForm } from "./webhook-commands.ts";

const empty: WebhookForm = { name: "", url: "", events: "", privateAllowed: false, certificates: "" };

/** Adds a webhook; then shows the key of its signatures, this once. */
export function WebhookAddDialog({ onClose }: { onClose: () => void }): ReactElement {
  const [requestId] = useState(() => randomId());
  const [form, setForm] = useState(empty);
  const [secret, setSecret] = useState<string>();
  const { busy, problem, send } = useSending();
  if (secret !== undefined) {
    return (
      <SecretDialog
        title={`The key of ${form.name}`}
        lostTitle={`${form.name} is added, its key is lost`}
        said="The receiver checks signatures by this key. It is shown this once: Farrier keeps it sealed, and never shows it again."
        lost="The answer that had the key did not arrive. Delete this webhook, and add it again."
        secret={secret}
        onClose={onClose}
      />
    );
  }
  const problems = webhookProblems(form);
  const [wrong] = Object.entries(problems);
  const refused = wrong === undefined ? undefined : `the ${wrong[0] === "url" ? "address" : wrong[0]}: ${wrong[1]}`;
  const text = (field: "name" | "url" | "events" | "certificates") => ({
    value: form[field],
    onChange: ({ target }: { target: { value: string } }) => setForm({ ...form, [field]: target.value }),
  });
  const command = webhookAddPrepare(form, requestId);
  const add = (): void => {
    if (refused === undefined && !busy) {
      void send(command).then((made) => setSecret(made));
    }
  };
  return (
    <Dialog
      title="Add a webhook"
      onClose={onClose}
      refusal={problem}
      unsaved={form.url !== "" || form.name !== ""}
      actions={
        <>
          <CopyAs commands={() => [command]} refused={refused} />
          <Button onClick={onClose}>Back</Button>
          <Button kind="primary" busy={busy} refused={refused} onClick={add}>
            {form.name === "" ? "Add the webhook" : `Add ${form.name}`}
          </Button>
        </>
      }
    >
      <form
        className="flex flex-col gap-3 text-sm"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        {problem === undefined ? null : <ErrorBox title="It was not added" message={problem} />}
        <p className="text-dim">
          What happens to machines from now on is sent at least once, a machine&apos;s events in order, as a CloudEvent.
        </p>
        <Field name="name" label="Name" error={problems.name}>
          {(control) => <TextInput {...control} {...text("name")} placeholder="tickets" />}
        </Field>
        <Field
          name="url"
          label="Address"
          hint="An https URL. Its path and query may be secrets: only its host is shown afterwards."
          error={problems.url}
        >
          {(control) => (
            <TextInput {...control} {...text("url")} mono placeholder="https://tickets.example.org/farrier" />
          )}
        </Field>
        <Field
          name="events"
          label="Events"
          hint="Kinds with commas between them, such as installation_*, agent_lost. Empty: all."
        >
          {(control) => <TextInput {...control} {...text("events")} mono />}
        </Field>
        <Checkbox
          checked={form.privateAllowed}
          onChange={({ target }) => setForm({ ...form, privateAllowed: target.checked })}
        >
          Addresses of this site&apos;s own network may be called
        </Checkbox>
        <Field
          name="ca_certificates"
          label="Certificates"
          hint="PEM of the CA of the receiver's certificate, besides those of the system."
        >
          {(control) => <TextArea {...control} {...text("certificates")} rows={2} />}
        </Field>
        {/* Enter in a field sends. */}
        <button type="submit" hidden aria-hidden="true" tabIndex={-1} />
      </form>
    </Dialog>
  );
}
