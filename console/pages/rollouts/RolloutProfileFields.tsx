import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { ProfileService } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { ProfileField } from "../../parts/ProfileField.tsx";
import { ValueFields } from "../../parts/ValueFields.tsx";
import type { RolloutForm } from "./rollout-create-form.ts";

/** Which profile a rollout installs by, and the values for its templates. */
export function RolloutProfileFields({
  form: { profile, values },
  problem,
  onChange,
}: {
  form: RolloutForm;
  /** What is wrong with the profile. */
  problem: string | undefined;
  onChange: (more: Partial<RolloutForm>) => void;
}): ReactElement {
  const shown = useQuery(ProfileService.method.profileShow, { profile }, { enabled: profile !== "" }).data?.spec;
  return (
    <>
      <ProfileField
        profile={profile}
        error={problem}
        hint="The rollout keeps the version that is the newest now."
        onChange={(chosen) => onChange({ profile: chosen, values: {} })}
      />
      {shown === undefined ? null : (
        <ValueFields values={shown.values} given={values} onChange={(given) => onChange({ values: given })} />
      )}
    </>
  );
}
