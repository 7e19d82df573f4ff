import { buildChoiceParser, buildCommand } from "@stricli/core";
import type { CompletionFlags } from "../actions/completion.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { shells, type Shell } from "../line/completion-scripts.ts";
import { docs } from "../line/docs.ts";

export const completionCommand = buildCommand<CompletionFlags, [Shell], CliContext>({
  docs: docs("Print a shell's completion script: bash, zsh or fish", "", [
    "source <(farrier completion bash)",
    "farrier completion bash > /etc/bash_completion.d/farrier",
    "source <(farrier completion zsh)",
    "farrier completion fish | source",
  ]),
  parameters: {
    flags: { debug: commonFlags.debug },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "bash, zsh or fish",
          placeholder: "SHELL",
          parse: buildChoiceParser(shells),
          proposeCompletions: () => shells,
        },
      ],
    },
  },
  loader: async () => (await import("../actions/completion.ts")).completionAction,
});
