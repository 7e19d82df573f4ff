import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { ProfileService } from "../../gen/farrier/operator/v1/profile_pb.ts";
import { diskSelectorWords } from "../../src/contract/disk-selector-text.ts";
import { ForeignText } from "../parts/ForeignText.tsx";
import { ProfileField } from "../parts/ProfileField.tsx";
import { ValueFields } from "../parts/ValueFields.tsx";
import type { InstallFieldsProps } from "./InstallImageFields.tsx";

/** Which profile is installed by, and the values for its templates. */
export function InstallProfileFields({ form, problems, onChange }: InstallFieldsProps): ReactElement {
  const shown = useQuery(
    ProfileService.method.profileShow,
    { profile: form.profile },
    { enabled: form.profile !== "" && problems.profile !== "missing" },
  ).data?.spec;
  const value = refusedValue(problems.profile, shown?.values.map(({ name }) => name) ?? []);
  return (
    <>
      <ProfileField
        profile={form.profile}
        hint="The request keeps the version that is the newest now."
        error={value === undefined ? problems.profile : undefined}
        onChange={(profile) => onChange({ profile, values: {} })}
      />
      {shown === undefined ? null : (
        <>
          <p className="text-dim text-sm">
            Installs <ForeignText text={shown.image} /> on the disk{" "}
            <ForeignText mono text={diskSelectorWords(shown.rootDisk)} />.
          </p>
          <ValueFields
            values={shown.values}
            given={form.values}
            problem={value}
            onChange={(values) => onChange({ values })}
          />
        </>
      )}
    </>
  );
}

/** The value of a template that a refusal is about; undefined if it is about something else. Pure. */
function refusedValue(
  words: string | undefined,
  names: readonly string[],
): { name: string; words: string } | undefined {
  const name = names.find((one) => words?.startsWith(`values: "${one}"`) === true);
  return words === undefined || name === undefined ? undefined : { name, words };
}
