import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { MachineShowResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { CliContext } from "../context.ts";
import { answer } from "./answer.ts";

const hostile = "\u001B]0;pwned\u0007\u009B31m\u202Eexe\u2066\u200B\uFEFF";
const obeyed = /(?!\n)[\p{Cc}\u200b\u202a-\u202e\u2060-\u206f\ufeff]/u;

/** What an answer with hostile text in every place prints, on both streams. */
function printed(output?: "json" | "yaml" | "name" | "wide"): string {
  let text = "";
  const stream = { write: (part: string) => (text += part), isTTY: false };
  const context = { process: { stdout: stream, stderr: stream, env: {} } } as unknown as CliContext;
  const message = create(MachineShowResponseSchema, {
    machine: { name: hostile, labels: { [hostile]: hostile }, installation: { error: hostile } },
  });
  answer(
    context,
    { json: false, output },
    {
      schema: MachineShowResponseSchema,
      message,
      names: () => [hostile],
      text: ({ table }) => table(["NAME"], [[hostile]]),
      note: `more: ${hostile}`,
    },
  );
  return text;
}

test.each([undefined, "json", "yaml", "name", "wide"] as const)(
  "A12: output as %s holds nothing that a terminal obeys",
  (output) => {
    const text = printed(output);
    expect(text.length).toBeGreaterThan(10);
    expect(obeyed.test(text)).toBe(false);
  },
);

test("A12: JSON means the same as before", () => {
  const { machine } = JSON.parse(printed("json")) as { machine: { name: string } };
  expect(machine.name).toBe(hostile);
});
