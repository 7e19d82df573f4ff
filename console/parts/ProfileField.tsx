import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { ProfileService } from "../../gen/farrier/operator/v1/profile_pb.ts";
import { versionText } from "../../src/contract/catalogue/catalogue-reference.ts";
import { Field, Select } from "../ui/Field.tsx";
import { RpcError } from "./RpcError.tsx";

/** A field for a profile's name; "" = none is chosen. @param hint what is kept of the choice, where there is a profile */
export function ProfileField({
  profile,
  hint,
  error,
  onChange,
}: {
  profile: string;
  hint: string;
  error?: string | undefined;
  onChange: (profile: string) => void;
}): ReactElement {
  const { data, error: failure, refetch } = useQuery(ProfileService.method.profileList, { pageSize: 500 });
  if (failure !== null) {
    return <RpcError title="The profiles can't be listed" error={failure} onRetry={() => void refetch()} />;
  }
  const profiles = data?.profiles ?? [];
  return (
    <Field
      name="profile"
      label="Profile"
      hint={data !== undefined && profiles.length === 0 ? "There is none yet: make one on the page Profiles." : hint}
      error={error}
    >
      {(control) => (
        <Select
          {...control}
          value={profile}
          options={[
            ["", "choose one"],
            ...profiles.map(({ name, version }) => [name, versionText(name, version)] as const),
          ]}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  );
}
