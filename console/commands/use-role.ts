import { useQuery } from "@connectrpc/connect-query";
import { AccessService } from "../../gen/farrier/operator/v1/access_pb.ts";
import { roleWords, type RoleWord } from "../../src/contract/words/role.ts";
import { wordOf } from "../../src/contract/words/table.ts";

/** The role of who is signed in; undefined until it is known. */
export function useRole(): RoleWord | undefined {
  const { data } = useQuery(AccessService.method.whoAmI, {});
  return data === undefined ? undefined : wordOf(roleWords, data.role);
}
