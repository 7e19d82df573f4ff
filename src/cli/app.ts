import { readFile } from "node:fs/promises";
import {
  ArgumentScannerError,
  buildApplication,
  ExitCode,
  formatMessageForArgumentScannerError,
  proposeCompletions,
  run,
  text_en,
  type ApplicationText,
} from "@stricli/core";
import { CodedError, describeError } from "../lib/errors.ts";
import { printableLines } from "../lib/format/printable.ts";
import { withoutUrlSecrets } from "../lib/net/shown-url.ts";
import { completionWord } from "./line/completion-scripts.ts";
import type { CliContext, Output } from "./context.ts";
import { CliError, exitStatus } from "./errors.ts";
import { routes } from "./routes.ts";
import { helpLayout } from "./show/help-layout.ts";
import type { Starters } from "./starters.ts";

/** Runs one command line and resolves to its exit status. Every failure is reported in one line on `stderr`. */
export async function runCli(
  argv: readonly string[],
  options: {
    starters: Starters;
    stdout: Output;
    stderr: Output;
    env: Readonly<Record<string, string | undefined>>;
  },
): Promise<number> {
  const { starters, stdout, stderr, env } = options;
  // What is behind "--" is not for this program.
  const separator = argv.indexOf("--");
  const own = separator === -1 ? argv : argv.slice(0, separator);
  const debug = own.includes("--debug");
  const application = buildApplication<CliContext>(routes, {
    name: "farrier",
    versionInfo: { getCurrentVersion: packageVersion },
    scanner: {
      caseStyle: "allow-kebab-for-camel",
      distanceOptions: suggestionDistance,
      // Else the help of each command would explain it.
      allowArgumentEscapeSequence: separator !== -1,
    },
    documentation: { disableAnsiColor: true },
    completion: { includeAliases: false, includeHiddenRoutes: false },
    localization: { text: applicationText(debug) },
    determineExitCode: (error) => (error instanceof CliError ? exitStatus[error.code] : exitStatus.failed),
  });
  const process: CliContext["process"] = { stdout, stderr, env };
  if (argv[0] === completionWord) {
    const found = await proposeCompletions(application, argv.slice(1), { process, starters, debug });
    found.forEach(({ completion }) => stdout.write(`${completion}\n`));
    return 0;
  }
  // Help is collected as one text and printed first.
  const help = argv.length === 0 || own.includes("--help") || own.includes("-h");
  let helpText = "";
  const target: CliContext["process"] = help
    ? { ...process, stdout: { write: (part) => (helpText += part) } }
    : process;
  await run(application, argv, { process: target, starters, debug });
  if (help) {
    stdout.write(helpLayout(helpText));
  }
  const status = Number(target.exitCode ?? 0);
  if (status === ExitCode.InvalidArgument || status === ExitCode.UnknownCommand) {
    return exitStatus.usage;
  }
  // Stricli's own codes are negative: it could not load a command.
  return status < 0 ? exitStatus.failed : status;
}

/** Maximum distance between a misspelt word and the suggested one. */
const suggestionDistance = {
  threshold: 4,
  weights: { insertion: 1, deletion: 2, substitution: 2, transposition: 1 },
};

async function packageVersion(): Promise<string> {
  // Two steps up, in a checkout (src/cli) as in the package (dist/src/cli).
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function applicationText(debug: boolean): ApplicationText {
  // A URL that a person types may have a password in it.
  const told = (error: unknown): string => printableLines(withoutUrlSecrets(errorText(error)));
  const errorText = (error: unknown): string => {
    if (debug && error instanceof Error) {
      return `farrier: ${error.stack ?? error.message}${causes(error)}`;
    }
    // A message of one of this code's own errors is complete. For any other error, its causes are added.
    return `farrier: ${error instanceof CodedError ? error.message : describeError(error)}`;
  };
  return {
    ...text_en,
    exceptionWhileParsingArguments: (error) =>
      error instanceof ArgumentScannerError
        ? `farrier: ${withoutUrlSecrets(scannerMessage(error))}; see --help`
        : told(error),
    exceptionWhileLoadingCommandFunction: told,
    exceptionWhileLoadingCommandContext: told,
    exceptionWhileRunningCommand: told,
    commandErrorResult: told,
    noCommandRegisteredForInput: ({ input, corrections }) =>
      `farrier: there is no command "${input}"${suggestion(corrections.map((name) => name.replaceAll("`", "")))}; see --help`,
  };
}

function causes(error: Error): string {
  return error.cause instanceof Error ? `\ncaused by ${error.cause.stack ?? error.cause.message}` : "";
}

function scannerMessage(error: ArgumentScannerError): string {
  return formatMessageForArgumentScannerError(error, {
    FlagNotFoundError: ({ input, corrections }) =>
      `there is no flag --${input}${suggestion(corrections.map((name) => `--${kebab(name)}`))}`,
    AliasNotFoundError: ({ input }) => `there is no flag -${input}`,
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: name, exception }) =>
      // Placeholders of positional arguments are in capitals, flags are not.
      `${/^[a-z]/u.test(name) ? `--${kebab(name)}` : name}: ${exception instanceof Error ? exception.message : String(exception)}`,
    EnumValidationError: ({ externalFlagName, input, values }) =>
      `--${kebab(externalFlagName)}: "${input}" is not one of ${values.join(", ")}`,
    UnsatisfiedFlagError: ({ externalFlagName }) => `--${kebab(externalFlagName)} is missing, or has no value`,
    UnexpectedFlagError: ({ externalFlagName }) => `--${kebab(externalFlagName)} is given twice`,
    UnsatisfiedPositionalError: ({ placeholder }) => `${placeholder} is missing`,
    UnexpectedPositionalError: ({ input }) => `unexpected argument "${input}"`,
  });
}

function suggestion(corrections: readonly string[]): string {
  const [nearest] = corrections;
  return nearest === undefined ? "" : `; did you mean ${nearest}?`;
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
}
