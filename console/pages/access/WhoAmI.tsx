import type { ReactNode } from "react";
import { Credential, type WhoAmIResponse } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { roleWords } from "../../../src/contract/words/role.ts";
import { wordOf } from "../../../src/contract/words/table.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";

/** What a credential is called in a sentence. */
export const credentialNames: Readonly<Record<number, string>> = {
  [Credential.DATA_DIRECTORY]: "the data directory's token",
  [Credential.TOKEN]: "a token",
  [Credential.CERTIFICATE]: "a client certificate",
};

/** Who is signed in, in a sentence. */
export function WhoAmI({ who }: { who: WhoAmIResponse }): ReactNode {
  return (
    <p className="text-dim text-sm">
      You are <ForeignText text={who.name} className="text-text font-semibold" />,{" "}
      <span className="text-text">{wordOf(roleWords, who.role) ?? "of an unknown role"}</span>, signed in by{" "}
      {credentialNames[who.credential] ?? "an unknown credential"} from{" "}
      <ForeignText text={who.address} mono className="text-xs" />
      {who.expiresAt === undefined ? null : (
        <>
          ; this ends <Age at={who.expiresAt} /> at the latest
        </>
      )}
      .
    </p>
  );
}
