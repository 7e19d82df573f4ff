import { buildChoiceParser, buildCommand } from "@stricli/core";
import { completionScripts, shells, type Shell } from "../line/completion-scripts.ts";
import type { CliContext } from "../context.ts";
import { commonFlags, docs } from "../line/flags.ts";

interface Flags {
  debug: boolean | undefined;
}

export const completionCommand = buildCommand<Flags, [Shell], CliContext>({
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
  func(_flags, shell) {
    this.process.stdout.write(completionScripts[shell]);
  },
});
