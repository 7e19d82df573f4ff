import { useQuery } from "@connectrpc/connect-query";
import { useMemo, useState, type ReactElement } from "react";
import { ProfileService, type ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { profileTextParse } from "../../../src/contract/profile/profile-text.ts";
import { profileYaml } from "../../../src/contract/profile/profile-yaml.ts";
import { randomId } from "../../api/random-id.ts";
import { CopyAs } from "../../commands/CopyAs.tsx";
import { useSending } from "../../commands/use-sending.ts";
import { useSettled } from "../../parts/use-settled.ts";
import { RpcError } from "../../parts/RpcError.tsx";
import { Button } from "../../ui/Button.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Field, TextArea } from "../../ui/Field.tsx";
import { RefusedFields } from "../../ui/RefusedFields.tsx";
import { toast } from "../../ui/Toast.tsx";
import { ProfileChanges } from "./ProfileChanges.tsx";
import { profileApplyPrepare } from "./profile-commands.ts";
import { RenderPreview } from "./RenderPreview.tsx";

/** What a {@link ProfileEditor} takes. */
export interface ProfileEditorProps {
  /** The profile that is changed; left out for a new one. */
  name?: string;
  spec?: ProfileSpec;
  /** Called with the profile's name once it is applied, and without one to leave as it is. */
  onLeave: (name?: string) => void;
}

const example = `name: web
image: debian-13
disk: protocol=nvme
grow: true
ssh_keys: []
values: {}
user_data: |
  #cloud-config
  fqdn: {{ machine.name | yaml }}
`;

/** A profile's text, what it would change, and what a machine would get by it. */
export function ProfileEditor({ name, spec, onLeave }: ProfileEditorProps): ReactElement {
  const [before] = useState(() => (name === undefined || spec === undefined ? example : profileYaml(name, spec)));
  const [text, setText] = useState(before);
  const [requestId, setRequestId] = useState(() => randomId());
  const read = useMemo(() => readText(text, name), [text, name]);
  const { busy, problem, send } = useSending();
  const refused =
    read.kind === "wrong"
      ? "the text is no profile yet: see below it"
      : text === before && name !== undefined
        ? "nothing is changed yet"
        : undefined;
  const apply = async (): Promise<void> => {
    if (read.kind === "wrong") {
      return;
    }
    const done = await send(profileApplyPrepare(read.name, read.spec, text, requestId));
    if (done !== undefined) {
      toast("good", done);
      onLeave(read.name);
    }
  };
  return (
    <RefusedFields refusal={problem} className="flex flex-col gap-4">
      <Field
        name="*"
        label="The profile, as its file"
        hint="YAML. docs/images.md describes the fields and what templates may use; each value in a template ends with the filter yaml."
        error={read.kind === "wrong" ? read.words : undefined}
      >
        {(control) => (
          <TextArea
            {...control}
            rows={Math.min(40, Math.max(14, text.split("\n").length + 2))}
            value={text}
            onChange={({ target }) => {
              setText(target.value);
              // Another body is another command.
              setRequestId(randomId());
            }}
          />
        )}
      </Field>
      {problem === undefined ? null : <ErrorBox title="The profile was not applied" message={problem} />}
      <div className="flex flex-wrap gap-2">
        <Button kind="primary" busy={busy} refused={refused} onClick={() => void apply()}>
          {read.kind === "wrong" ? "Apply" : `Apply ${read.name}`}
        </Button>
        <CopyAs
          commands={() => (read.kind === "wrong" ? [] : [profileApplyPrepare(read.name, read.spec, text, requestId)])}
          refused={read.kind === "wrong" ? refused : undefined}
        />
        <Button onClick={() => onLeave(name)}>{text === before ? "Back" : "Throw the changes away"}</Button>
      </div>
      {read.kind === "wrong" ? null : (
        <>
          {name === undefined ? null : <Differences name={name} spec={read.spec} />}
          <RenderPreview profile={name ?? ""} spec={read.spec} values={read.spec.values} />
        </>
      )}
    </RefusedFields>
  );
}

function Differences({ name, spec }: { name: string; spec: ProfileSpec }): ReactElement {
  const asked = useSettled(spec);
  const { data, error, refetch } = useQuery(
    ProfileService.method.profileDiff,
    { profile: name, spec: asked },
    { retry: false },
  );
  if (error !== null) {
    return <RpcError title="It can't be compared with what is applied" error={error} onRetry={() => void refetch()} />;
  }
  // What was said of the text as it was before is not said of what stands there now.
  const changes = asked === spec ? data?.changes : undefined;
  return <ProfileChanges below="h1" title="What would change" changes={changes} />;
}

type ReadText = { kind: "read"; name: string; spec: ProfileSpec } | { kind: "wrong"; words: string };

/** What the text says, or what is wrong with it. Pure. */
function readText(text: string, changed: string | undefined): ReadText {
  try {
    const { name, spec, files } = profileTextParse(text);
    const [file] = [files.userData, files.networkConfig].filter((path) => path !== undefined);
    if (file !== undefined) {
      return {
        kind: "wrong",
        words: `${file} is a file beside the profile, which a page does not have: put its text here`,
      };
    }
    if (changed !== undefined && name !== changed) {
      return { kind: "wrong", words: `name: expected ${changed}; another name is another profile` };
    }
    return { kind: "read", name, spec };
  } catch (error) {
    return { kind: "wrong", words: error instanceof Error ? error.message : String(error) };
  }
}
