import { PolicyShowResponseSchema } from "../../../gen/farrier/operator/v1/policy_pb.ts";
import { policyRuleWords } from "../../contract/catalogue/policy-rule-words.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier policy show`. */
export interface PolicyShowFlags extends ClientFlags, WatchFlags {}

/** `farrier policy show` */
export async function policyShowAction(this: CliContext, flags: PolicyShowFlags): Promise<void> {
  const { policy } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await policy.policyShow({});
    const { rules } = message;
    return answerOf({
      schema: PolicyShowResponseSchema,
      message,
      names: () => rules.map(({ name }) => name),
      text: ({ table, now }) =>
        rules.length === 0
          ? ""
          : table(
              ["RULE", { title: "SAYS", wrapped: true }, "SET", "BY"],
              rules.map((rule) => [rule.name, policyRuleWords(rule), when(rule.setAt, now), rule.setBy]),
            ),
      note:
        rules.length === 0
          ? "no rules: every image is allowed; `farrier policy set --help` says how to add one"
          : undefined,
    });
  });
}
