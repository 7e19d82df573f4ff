import { useQuery } from "@connectrpc/connect-query";
import { useState, type ReactElement } from "react";
import { ProfileService, type ProfileSpec, type ProfileValue } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { ValueFields } from "../../parts/ValueFields.tsx";
import { shellLine } from "../../commands/twins.ts";
import { Button } from "../../ui/Button.tsx";
import { Field, TextInput } from "../../ui/Field.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { TextBlock } from "./TextBlock.tsx";

/** What a {@link RenderPreview} takes. */
export interface RenderPreviewProps {
  /** NAME or NAME@VERSION; "" where only `spec` counts. */
  profile: string;
  /** Rendered instead of a stored version; keep it the same object while nothing changes. */
  spec?: ProfileSpec;
  values: readonly ProfileValue[];
}

/** What a machine would get by a profile; nothing is requested. */
export function RenderPreview({ profile, spec, values }: RenderPreviewProps): ReactElement {
  const [machine, setMachine] = useState("");
  const [given, setGiven] = useState<Readonly<Record<string, string>>>({});
  const [asked, setAsked] = useState<{ machine: string; values: Readonly<Record<string, string>> }>();
  const known = Object.fromEntries(
    Object.entries(given).filter(([name]) => values.some((value) => value.name === name)),
  );
  const cli = shellLine([
    ...["farrier", "profile", "render", profile, "--machine", machine],
    ...Object.entries(known).flatMap(([name, value]) => ["--set", `${name}=${value}`]),
  ]);
  return (
    <section aria-labelledby="preview" className="flex flex-col gap-3">
      <h2 id="preview">What a machine would get</h2>
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (machine !== "") {
            setAsked({ machine, values: known });
          }
        }}
      >
        <div className="flex flex-wrap items-end gap-2">
          <Field label="Machine">
            {(control) => (
              <TextInput
                {...control}
                value={machine}
                placeholder="web1"
                onChange={({ target }) => setMachine(target.value.trim())}
              />
            )}
          </Field>
          <Button type="submit" refused={machine === "" ? "name a machine first" : undefined}>
            Preview
          </Button>
        </div>
        <ValueFields values={values} given={given} onChange={setGiven} />
      </form>
      {machine === "" || spec !== undefined ? null : <CliCopy command={cli} />}
      {asked === undefined ? null : (
        <Rendered profile={profile} asked={asked} {...(spec === undefined ? {} : { spec })} />
      )}
    </section>
  );
}

function Rendered({
  profile,
  spec,
  asked,
}: {
  profile: string;
  spec?: ProfileSpec;
  asked: { machine: string; values: Readonly<Record<string, string>> };
}): ReactElement {
  const { data, error, refetch } = useQuery(
    ProfileService.method.profileRender,
    { profile, ...asked, ...(spec === undefined ? {} : { spec }) },
    { staleTime: 0, retry: false },
  );
  if (error !== null) {
    return (
      <RpcError title={`It can't be rendered for ${asked.machine}`} error={error} onRetry={() => void refetch()} />
    );
  }
  if (data === undefined) {
    return <p className="text-dim text-sm">Rendering …</p>;
  }
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return (
    <div role="status" className="flex flex-col gap-3">
      <p className="text-sm">Image: {data.image === "" ? "none that is ready" : <ForeignText text={data.image} />}</p>
      {data.warnings.map((warning) => (
        <p key={warning} className="text-warn flex gap-2 text-sm">
          <Icon name="warning" />
          <ForeignText text={warning} />
        </p>
      ))}
      {data.userData.length === 0 ? (
        <p className="text-dim text-sm">No user data.</p>
      ) : (
        <TextBlock title={`User data for ${asked.machine}`} text={text(data.userData)} />
      )}
      {data.networkConfig.length === 0 ? (
        <p className="text-dim text-sm">
          No network configuration: the machine&apos;s network, or the image&apos;s own.
        </p>
      ) : (
        <TextBlock title={`Network configuration for ${asked.machine}`} text={text(data.networkConfig)} />
      )}
    </div>
  );
}
