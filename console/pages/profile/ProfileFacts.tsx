import type { ReactElement, ReactNode } from "react";
import { Link } from "react-router";
import type { ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { diskSelectorWords } from "../../../src/contract/disk-selector-text.ts";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { paths } from "../../paths.ts";
import { TextBlock } from "./TextBlock.tsx";

/** What a version of a profile says. */
export function ProfileFacts({ spec }: { spec: ProfileSpec }): ReactElement {
  const { image, rootDisk, grow, readBack, retry, expect, sshKeys, user, values, userData, networkConfig } = spec;
  const ticks = [grow ? "grow the last partition" : "", readBack ? "read the disk back" : ""].filter(
    (word) => word !== "",
  );
  return (
    <section aria-labelledby="says" className="flex flex-col gap-3">
      <h2 id="says">What it says</h2>
      <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1 text-sm">
        <Fact title="Image">
          <Link to={paths.image(image.split("@")[0] ?? "")} className="text-accent hover:underline">
            <ForeignText text={image} />
          </Link>
        </Fact>
        <Fact title="Disk">
          <ForeignText text={diskSelectorWords(rootDisk)} mono />
        </Fact>
        {ticks.length === 0 ? null : <Fact title="Also">{ticks.join(", ")}</Fact>}
        <Fact title="After an error">
          {retry === undefined
            ? "no further try"
            : `${retry.attempts} further ${retry.attempts === 1 ? "try" : "tries"}`}
        </Fact>
        <Fact title="Installed">
          {expect?.cameUp === true
            ? `when the system says that it came up, within ${expect.withinSeconds === 0 ? 900 : expect.withinSeconds} s`
            : "when the agent reports success"}
        </Fact>
        {sshKeys.length === 0 ? null : (
          <Fact title="Logins">
            {user === "" ? "the image's default user" : <ForeignText text={user} />}, {sshKeys.length}{" "}
            {sshKeys.length === 1 ? "key" : "keys"}
          </Fact>
        )}
        {values.map((value) => (
          <Fact key={value.name} title={<ForeignText text={value.name} mono />}>
            {value.default === undefined ? (
              "every request must set it"
            ) : (
              <>
                default: <ForeignText text={value.default === "" ? "(empty)" : value.default} />
              </>
            )}
          </Fact>
        ))}
      </dl>
      {userData === "" ? null : <TextBlock title="User data (a template)" text={userData} />}
      {networkConfig === "" ? null : <TextBlock title="Network configuration (a template)" text={networkConfig} />}
    </section>
  );
}

function Fact({ title, children }: { title: ReactNode; children: ReactNode }): ReactElement {
  return (
    <>
      <dt className="text-dim">{title}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}
