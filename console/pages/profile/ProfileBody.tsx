import { Suspense, type ReactElement } from "react";
import type { Profile, ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { versionText } from "../../../src/contract/catalogue/catalogue-reference.ts";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { ProfileFacts } from "./ProfileFacts.tsx";
import { ProfileVersions } from "./ProfileVersions.tsx";
import { RenderPreview } from "./RenderPreview.tsx";
import { lazyPart } from "../../layout/lazy-part.ts";

const ProfileEditor = lazyPart(async () => (await import("./ProfileEditor.tsx")).ProfileEditor);

/** What a {@link ProfileBody} takes. */
export interface ProfileBodyProps {
  /** Newest first. */
  profiles: readonly Profile[];
  chosen: Profile;
  /** What the chosen version says; undefined while it is not known, and for viewers. */
  spec: ProfileSpec | undefined;
  mode: "viewed" | "shown" | "edited";
  onLeave: () => void;
  onChoose: (version: number) => void;
}

/** What a profile says and its versions, or its editor. */
export function ProfileBody({ profiles, chosen, spec, mode, onLeave, onChoose }: ProfileBodyProps): ReactElement {
  if (mode !== "viewed" && spec === undefined) {
    return <Skeleton label="Loading the profile" />;
  }
  if (mode === "edited" && spec !== undefined) {
    return (
      <Suspense fallback={<Skeleton label="Loading the editor" />}>
        <ProfileEditor name={chosen.name} spec={spec} onLeave={onLeave} />
      </Suspense>
    );
  }
  return (
    <div className="flex flex-col gap-6">
      {spec === undefined ? (
        <p className="text-dim">
          Its templates may hold secrets: an operator can see them; you are a viewer. It installs {chosen.image}.
        </p>
      ) : (
        <>
          <ProfileFacts spec={spec} />
          <RenderPreview profile={versionText(chosen.name, chosen.version)} values={spec.values} />
        </>
      )}
      <ProfileVersions profiles={profiles} chosen={chosen.version} mayCompare={mode !== "viewed"} onChoose={onChoose} />
    </div>
  );
}
