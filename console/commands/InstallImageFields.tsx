import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { Compression, ImageFormat } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import { InstallationService, type InstallationEntry } from "../../gen/farrier/operator/v1/installation_pb.ts";
import { bytesText } from "../../src/lib/format/bytes.ts";
import { Button } from "../ui/Button.tsx";
import { Checkbox, Field, Select, TextArea, TextInput } from "../ui/Field.tsx";
import { Menu } from "../ui/Menu.tsx";
import { imageName, type InstallForm, type InstallProblems } from "./install-form.ts";

/** What the parts of the install dialog take. */
export interface InstallFieldsProps {
  form: InstallForm;
  /** What is wrong, by field, as the form or the server says it. */
  problems: InstallProblems;
  onChange: (change: Partial<InstallForm>) => void;
}

/** Where the image comes from, and by whom it must be signed. */
export function InstallImageFields({ form, problems, onChange }: InstallFieldsProps): ReactElement {
  const { data } = useQuery(InstallationService.method.installationList, { pageSize: 100 });
  const recent = recentImages(data?.installations ?? []);
  return (
    <>
      <Field label="Image" hint="An http, https or oci URL that machines can reach." error={problems.url}>
        {(control) => (
          <div className="flex gap-2">
            <TextInput
              {...control}
              mono
              value={form.url}
              placeholder="https://images.example.org/debian-13.raw.zst"
              onChange={({ target }) => onChange({ url: target.value })}
            />
            {recent.length === 0 ? null : (
              <Menu
                trigger={<Button icon="clock">Recent</Button>}
                entries={recent.map((image) => ({
                  label: `${imageName(image.url)} (${image.digest.slice(7, 15)})`,
                  onChoose: () => onChange(image),
                }))}
              />
            )}
          </div>
        )}
      </Field>
      <Field
        label="Digest"
        hint="sha256: and 64 hex digits of the file, as sha256sum prints them."
        error={problems.digest}
      >
        {(control) => (
          <TextInput
            {...control}
            mono
            value={form.digest}
            placeholder="sha256:…"
            onChange={({ target }) => onChange({ digest: withPrefix(target.value) })}
          />
        )}
      </Field>
      <Field
        label="Signature key"
        hint="A minisign or cosign public key; the image is refused unless it is signed with it. Empty demands no signature."
        error={problems.signatureKey}
      >
        {(control) => (
          <TextArea
            {...control}
            rows={2}
            value={form.signatureKey}
            onChange={({ target }) => onChange({ signatureKey: target.value })}
          />
        )}
      </Field>
    </>
  );
}

/** First boot, format and checks. */
export function InstallMoreFields({ form, problems, onChange }: InstallFieldsProps): ReactElement {
  return (
    <>
      <SeedField name="userData" label="User data (cloud-init)" form={form} problems={problems} onChange={onChange} />
      <SeedField name="metaData" label="Meta data (cloud-init)" form={form} problems={problems} onChange={onChange} />
      <SeedField
        name="networkConfig"
        label="Network configuration (cloud-init)"
        form={form}
        problems={problems}
        onChange={onChange}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Format">
          {(control) => (
            <Select
              {...control}
              value={String(form.format)}
              options={[
                [String(ImageFormat.UNSPECIFIED), "by its first bytes"],
                [String(ImageFormat.RAW), "raw"],
                [String(ImageFormat.QCOW2), "qcow2"],
              ]}
              onChange={({ target }) => onChange({ format: Number(target.value) as ImageFormat })}
            />
          )}
        </Field>
        <Field label="Compression">
          {(control) => (
            <Select
              {...control}
              value={String(form.compression)}
              options={[
                [String(Compression.UNSPECIFIED), "by its first bytes"],
                [String(Compression.NONE), "none"],
                [String(Compression.GZIP), "gzip"],
                [String(Compression.ZSTD), "zstd"],
                [String(Compression.XZ), "xz"],
              ]}
              onChange={({ target }) => onChange({ compression: Number(target.value) as Compression })}
            />
          )}
        </Field>
      </div>
      <Checkbox checked={form.grow} onChange={({ target }) => onChange({ grow: target.checked })}>
        Grow the last partition to the disk&apos;s end
      </Checkbox>
      <Checkbox checked={form.readBack} onChange={({ target }) => onChange({ readBack: target.checked })}>
        Read the disk back and compare it before success is reported
      </Checkbox>
      <TextField
        name="signature"
        label="Signature"
        hint="Empty: fetched from the image's address and .minisig or .sig."
        form={form}
        problems={problems}
        onChange={onChange}
      />
      <TextField
        name="caCertificates"
        label="Further CAs of the image's server"
        hint="PEM. Empty: the public ones alone."
        form={form}
        problems={problems}
        onChange={onChange}
      />
      <TextField
        name="tokenHosts"
        label="Hosts that may issue the registry's tokens"
        hint="NAME or NAME:PORT, one a line; only those outside the registry's own domain."
        form={form}
        problems={problems}
        onChange={onChange}
      />
    </>
  );
}

/** Further tries after an error, and their pace. */
export function InstallRetryFields({ form, problems, onChange }: InstallFieldsProps): ReactElement {
  const fields = [
    { name: "attempts", label: "Further tries after an error", hint: "0 to 100." },
    { name: "retryInitial", label: "Wait before the first", hint: "Such as 90s; doubled for each. Empty: 60s." },
    { name: "retryMaximum", label: "Maximum wait", hint: "Such as 2h. Empty: 1h." },
  ] as const;
  return (
    <div className="grid gap-3 sm:grid-cols-3">
      {fields.map(({ name, label, hint }) => (
        <Field key={name} label={label} hint={hint} error={problems[name]}>
          {(control) => (
            <TextInput
              {...control}
              {...(name === "attempts" ? { inputMode: "numeric" } : {})}
              value={form[name]}
              onChange={({ target }) => onChange({ [name]: target.value })}
            />
          )}
        </Field>
      ))}
    </div>
  );
}

function TextField({
  name,
  label,
  hint,
  form,
  problems,
  onChange,
}: InstallFieldsProps & {
  name: "signature" | "caCertificates" | "tokenHosts";
  label: string;
  hint: string;
}): ReactElement {
  return (
    <Field label={label} hint={hint} error={problems[name]}>
      {(control) => (
        <TextArea
          {...control}
          rows={2}
          value={form[name]}
          onChange={({ target }) => onChange({ [name]: target.value })}
        />
      )}
    </Field>
  );
}

function SeedField({
  name,
  label,
  form,
  problems,
  onChange,
}: InstallFieldsProps & { name: "userData" | "metaData" | "networkConfig"; label: string }): ReactElement {
  const bytes = form[name];
  return (
    <Field label={label} hint={bytes.length === 0 ? "None." : bytesText(bytes.length)} error={problems[name]}>
      {(control) => (
        <>
          <TextArea
            {...control}
            value={new TextDecoder().decode(bytes)}
            onChange={({ target }) => onChange({ [name]: new TextEncoder().encode(target.value) })}
          />
          <input
            type="file"
            aria-label={`${label} from a file`}
            className="text-sm"
            onChange={({ target }) =>
              void target.files?.[0]?.arrayBuffer().then((read) => onChange({ [name]: new Uint8Array(read) }))
            }
          />
        </>
      )}
    </Field>
  );
}

/** 64 hex digits alone are a digest of SHA-256, as sha256sum prints them before the file's name. */
function withPrefix(text: string): string {
  const hex = /^\s*(?<hex>[0-9a-f]{64})(?:\s.*)?$/iu.exec(text)?.groups?.["hex"];
  return hex === undefined ? text : `sha256:${hex.toLowerCase()}`;
}

type RecentImage = Pick<InstallForm, "url" | "digest" | "format" | "compression" | "sizeBytes" | "grow">;

/** Images of this list, each once, the latest first. Pure. */
function recentImages(entries: readonly InstallationEntry[]): RecentImage[] {
  const images = entries.flatMap(({ installation }): RecentImage[] => {
    const image = installation?.image;
    if (image === undefined || image.digest === "") {
      return [];
    }
    const { url, digest, format, compression, sizeBytes, grow } = image;
    return [{ url, digest, format, compression, sizeBytes, grow }];
  });
  return [...new Map(images.toReversed().map((image) => [`${image.url} ${image.digest}`, image])).values()]
    .toReversed()
    .slice(0, 10);
}
