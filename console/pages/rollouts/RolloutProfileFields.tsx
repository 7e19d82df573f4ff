import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { ProfileService } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { versionText } from "../../../src/contract/catalogue/catalogue-reference.ts";
import { RpcError } from "../../parts/RpcError.tsx";
import { ValueFields } from "../../parts/ValueFields.tsx";
import { Field, Select } from "../../ui/Field.tsx";
import type { RolloutForm } from "./rollout-create-form.ts";

/** Which profile a rollout installs by, and the values for its templates. */
export function RolloutProfileFields({
  form,
  onChange,
}: {
  form: RolloutForm;
  onChange: (more: Partial<RolloutForm>) => void;
}): ReactElement {
  const { data, error, refetch } = useQuery(ProfileService.method.profileList, { pageSize: 500 });
  const { profile, values } = form;
  const shown = useQuery(ProfileService.method.profileShow, { profile }, { enabled: profile !== "" }).data?.spec;
  if (error !== null) {
    return <RpcError title="The profiles can't be listed" error={error} onRetry={() => void refetch()} />;
  }
  const profiles = data?.profiles ?? [];
  return (
    <>
      <Field
        label="Profile"
        hint={
          data !== undefined && profiles.length === 0
            ? "There is none yet: make one on the page Profiles."
            : "The rollout keeps the version that is the newest now."
        }
      >
        {(control) => (
          <Select
            {...control}
            value={profile}
            options={[
              ["", "choose one"],
              ...profiles.map(({ name, version }) => [name, versionText(name, version)] as const),
            ]}
            onChange={({ target }) => onChange({ profile: target.value, values: {} })}
          />
        )}
      </Field>
      {shown === undefined ? null : (
        <ValueFields values={shown.values} given={values} onChange={(given) => onChange({ values: given })} />
      )}
    </>
  );
}
