import { AccessService } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { roleValues, type RoleWord } from "../../../src/contract/words/role.ts";
import { prepare, type PreparedCommand } from "../../commands/prepared.ts";

/** How long a token may be valid: days, and words. "0" is for ever. */
export const tokenLifetimes = [
  ["1", "1 day"],
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "1 year"],
  ["0", "for ever"],
] as const;

/** What is typed into the form of a new token. */
export interface TokenForm {
  name: string;
  role: RoleWord;
  /** Of {@link tokenLifetimes}. */
  days: string;
}

/** What is wrong with a token's name; undefined for nothing. Pure. */
export function tokenNameProblem(name: string): string | undefined {
  return /^[a-z0-9](?:[a-z0-9._@-]{0,61}[a-z0-9])?$/u.test(name)
    ? undefined
    : "expected a-z, 0-9 and '.-_@', with a letter or digit at both ends, at most 63 characters";
}

/**
 * The command that makes a token. Its answer's sentence is the secret, which is nowhere else; "" if an earlier try, whose
 * answer was lost, made the token.
 */
export function tokenCreatePrepared({ name, role, days }: TokenForm, requestId: string): PreparedCommand {
  return prepare({
    machineId: "",
    title: name,
    method: AccessService.method.tokenCreate,
    message: { requestId, name, role: roleValues[role], expiresInSeconds: BigInt(days) * 86_400n },
    words: (message) => [
      ...["token", "create", message.name, "--role", role],
      ...(days === "0" ? [] : ["--expires", `${days}d`]),
      ...["--request-id", message.requestId],
    ],
    done: ({ secret }) => secret,
  });
}
