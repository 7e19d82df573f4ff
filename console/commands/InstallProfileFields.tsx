import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { ProfileService } from "../../gen/farrier/operator/v1/profile_pb.ts";
import { versionText } from "../../src/contract/catalogue/catalogue-reference.ts";
import { diskSelectorWords } from "../../src/contract/disk-selector-text.ts";
import { ForeignText } from "../parts/ForeignText.tsx";
import { RpcError } from "../parts/RpcError.tsx";
import { ValueFields } from "../parts/ValueFields.tsx";
import { Field, Select } from "../ui/Field.tsx";
import type { InstallFieldsProps } from "./InstallImageFields.tsx";

/** Which profile is installed by, and the values for its templates. */
export function InstallProfileFields({ form, problems, onChange }: InstallFieldsProps): ReactElement {
  const { data, error, refetch } = useQuery(ProfileService.method.profileList, { pageSize: 500 });
  const shown = useQuery(
    ProfileService.method.profileShow,
    { profile: form.profile },
    { enabled: form.profile !== "" && problems.profile !== "missing" },
  ).data?.spec;
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
            : "The request keeps the version that is the newest now."
        }
        error={problems.profile}
      >
        {(control) => (
          <Select
            {...control}
            value={form.profile}
            options={[
              ["", "choose one"],
              ...profiles.map(({ name, version }) => [name, versionText(name, version)] as const),
            ]}
            onChange={({ target }) => onChange({ profile: target.value, values: {} })}
          />
        )}
      </Field>
      {shown === undefined ? null : (
        <>
          <p className="text-dim text-sm">
            Installs <ForeignText text={shown.image} /> on the disk{" "}
            <ForeignText mono text={diskSelectorWords(shown.rootDisk)} />.
          </p>
          <ValueFields values={shown.values} given={form.values} onChange={(values) => onChange({ values })} />
        </>
      )}
    </>
  );
}
