import { useState, type ReactNode } from "react";
import type { RoleWord } from "../../../src/contract/words/role.ts";
import { randomId } from "../../api/random-id.ts";
import { useSending } from "../../commands/use-sending.ts";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Field, Select, TextInput } from "../../ui/Field.tsx";
import { SecretDialog } from "./SecretDialog.tsx";
import { tokenCreatePrepared, tokenLifetimes, tokenNameProblem, type TokenForm } from "./token-create-form.ts";

const roleOptions = [
  ["viewer", "viewer: reads everything but tokens and the audit"],
  ["operator", "operator: changes machines, requests installations"],
  ["admin", "admin: makes tokens, reads the audit"],
] as const;

/** Makes a token; then shows its secret, this once. */
export function TokenCreateDialog({ onClose }: { onClose: () => void }): ReactNode {
  const [requestId] = useState(() => randomId());
  const [form, setForm] = useState<TokenForm>({ name: "", role: "viewer", days: "90" });
  const [secret, setSecret] = useState<string>();
  const { busy, problem, send } = useSending();
  if (secret !== undefined) {
    return (
      <SecretDialog
        title={`The token of ${form.name}`}
        lostTitle={`The token of ${form.name} is made, its secret is lost`}
        said="The secret is shown this once: Farrier keeps only its SHA-256. Keep it where its owner finds it."
        lost="The answer that had the secret did not arrive. Revoke this token, and make another."
        secret={secret}
        onClose={onClose}
      />
    );
  }
  const wrong = form.name === "" ? undefined : tokenNameProblem(form.name);
  const command = tokenCreatePrepared(form, requestId);
  const refused = form.name === "" ? "type the name of the token's owner" : wrong;
  return (
    <Dialog
      title="Make a token"
      onClose={onClose}
      refusal={problem}
      unsaved={form.name !== ""}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            busy={busy}
            refused={refused}
            onClick={() => void send(command).then((made) => setSecret(made))}
          >
            {form.name === "" ? "Make the token" : `Make a token of ${form.name}, ${form.role}`}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {problem === undefined ? null : <ErrorBox title="The token was not made" message={problem} />}
        <Field
          name="name"
          label="Name"
          hint="Of the person or program that will hold it: history and audit show it."
          error={form.name === "" ? "missing" : wrong}
        >
          {(control) => (
            <TextInput
              {...control}
              value={form.name}
              maxLength={100}
              onChange={({ target }) => setForm({ ...form, name: target.value })}
            />
          )}
        </Field>
        <Field label="Role">
          {(control) => (
            <Select
              {...control}
              options={roleOptions}
              value={form.role}
              onChange={({ target }) => setForm({ ...form, role: target.value as RoleWord })}
            />
          )}
        </Field>
        <Field label="Valid" {...(form.days === "0" ? { warning: "It is valid until somebody revokes it." } : {})}>
          {(control) => (
            <Select
              {...control}
              options={tokenLifetimes}
              value={form.days}
              onChange={({ target }) => setForm({ ...form, days: target.value })}
            />
          )}
        </Field>
        {refused === undefined ? <CliCopy command={command.cli} /> : null}
      </div>
    </Dialog>
  );
}
