import { ProfileDiffResponseSchema } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { defined } from "../../lib/defined.ts";
import { printableLines } from "../../lib/format/printable.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { profileFileRead } from "../line/profile-file.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier profile diff`. */
export interface ProfileDiffFlags extends ClientFlags {
  file: string | undefined;
}

/** `farrier profile diff` */
export async function profileDiffAction(this: CliContext, flags: ProfileDiffFlags, reference: string): Promise<void> {
  const spec = flags.file === undefined ? undefined : (await profileFileRead(flags.file)).spec;
  const { profiles } = await operatorClient(flags, this.process.env);
  const message = await profiles.profileDiff({ profile: reference, ...defined({ spec }) });
  const { changes } = message;
  answer(this, flags, {
    schema: ProfileDiffResponseSchema,
    message,
    names: () => changes.map(({ field }) => field),
    text: () =>
      printableLines(changes.map(({ field, before, after }) => `${field}\n${lineChanges(before, after)}`).join("")),
    note: changes.length === 0 ? "nothing would change" : undefined,
  });
}

/** The lines that differ, without those at the beginning and the end that are the same. */
function lineChanges(before: string, after: string): string {
  const [old, now] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) {
    start += 1;
  }
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) {
    end += 1;
  }
  return [
    ...old.slice(start, old.length - end).map((line) => `  - ${line}\n`),
    ...now.slice(start, now.length - end).map((line) => `  + ${line}\n`),
  ].join("");
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/u, "").split("\n");
}
