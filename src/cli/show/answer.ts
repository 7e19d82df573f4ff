import { toJson, toJsonString, type DescMessage, type Message, type MessageShape } from "@bufbuild/protobuf";
import { systemClock } from "../../lib/clock.ts";
import { escapedQuoted, printable, printableLines } from "../../lib/format/printable.ts";
import { hasColour, paint } from "./colour.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags, OutputFormat, WatchFlags } from "../line/flags.ts";
import { patiently } from "../call/patience.ts";
import { outputWidth } from "./print.ts";
import { table, type Column } from "./table.ts";
import { toYaml } from "./yaml.ts";

/** How text for people is to be printed. */
export interface View {
  /** All there is, however long lines get. */
  wide: boolean;
  /** Characters of a line; undefined = as many as needed. */
  width: number | undefined;
  /** A table that fits. */
  table: (header: readonly (string | Column)[], rows: readonly (readonly string[])[]) => string;
  now: Date;
}

/** What a command has to say. */
export interface Answer<Desc extends DescMessage = DescMessage> {
  schema: Desc;
  message: MessageShape<Desc>;
  /** For `--output name`: what other commands take, a line each. */
  names: () => readonly string[];
  /** For people. */
  text: (view: View) => string;
  /** For people, beside it: that there is nothing, or more. */
  note?: string | undefined;
}

/** Lets the compiler see that message and schema belong together. */
export function answerOf<Desc extends DescMessage>(what: Answer<Desc>): Answer {
  return what;
}

/** The form that the flags ask for; undefined = text. @throws {CliError} `usage` where they contradict each other */
export function outputFormat(flags: Pick<ClientFlags, "json" | "output">): OutputFormat | undefined {
  if (flags.json === true && flags.output !== undefined && flags.output !== "json") {
    throw new CliError("usage", `--json and --output ${flags.output} contradict each other: give one of them`);
  }
  return flags.json === true ? "json" : flags.output;
}

/** Prints an answer as the flags ask for. */
export function answer<Desc extends DescMessage>(
  context: CliContext,
  flags: Pick<ClientFlags, "json" | "output">,
  what: Answer<Desc>,
): void {
  const format = outputFormat(flags);
  context.process.stdout.write(answerText(context, format, answerOf(what)));
  if (what.note !== undefined && (format === undefined || format === "wide")) {
    context.process.stderr.write(`${printableLines(what.note)}\n`);
  }
}

/** Milliseconds between looks while nothing tells of changes, and the least between two of them. */
const interval = { look: 2_000, least: 500 };

/**
 * Prints an answer; with `--watch` again whenever it is another, until the command is interrupted. `changes` yields
 * whenever it may have changed; without it, it is looked at every two seconds.
 */
export async function answerWatched(
  context: CliContext,
  flags: Pick<ClientFlags, "json" | "output"> & WatchFlags,
  fetch: () => Promise<Answer>,
  changes?: () => AsyncIterable<unknown>,
): Promise<void> {
  const format = outputFormat(flags);
  if (flags.watch !== true) {
    answer(context, flags, await fetch());
    return;
  }
  const { stdout, stderr } = context.process;
  const wake = changes === undefined ? undefined : waker(changes);
  const screen = stdout.isTTY === true && (format === undefined || format === "wide");
  let last: string | undefined;
  for (;;) {
    const what = await patiently(fetch, systemClock, (note) => stderr.write(`${note}\n`));
    // Away from a terminal the growing age of things is no change.
    const state = toJsonString(what.schema, what.message);
    if (screen) {
      stdout.write(
        `\u001B[H\u001B[2J${answerText(context, format, what)}${what.note === undefined ? "" : `${printableLines(what.note)}\n`}`,
      );
    } else if (state !== last) {
      const between = last === undefined ? "" : format === "yaml" ? "---\n" : format === undefined ? "\n" : "";
      stdout.write(between + answerText(context, format, what));
    }
    last = state;
    await systemClock.sleep(interval.least);
    await Promise.race([systemClock.sleep(interval.look - interval.least), wake?.() ?? forever]);
  }
}

/** Never settles: whoever waits for it, waits for something else. */
const forever = new Promise<never>(() => undefined);

/** Tells when something has come since it was last asked. */
function waker(changes: () => AsyncIterable<unknown>): () => Promise<void> {
  let came = Promise.withResolvers<void>();
  const listen = async (): Promise<void> => {
    for (;;) {
      try {
        for await (const _change of changes()) {
          came.resolve();
        }
      } catch {
        // Looking goes on without it, and says itself where the control plane is away.
      }
      await systemClock.sleep(interval.look);
    }
  };
  void listen();
  return async () => {
    await came.promise;
    came = Promise.withResolvers();
  };
}

function answerText(context: CliContext, format: OutputFormat | undefined, what: Answer): string {
  switch (format) {
    case "json":
      return `${escapedQuoted(toJsonString(what.schema, what.message, { prettySpaces: 2 }))}\n`;
    case "yaml":
      return escapedQuoted(toYaml(toJson(what.schema, what.message as Message)));
    case "name":
      return what
        .names()
        .map((name) => `${printable(name)}\n`)
        .join("");
    case "wide":
    case undefined: {
      const wide = format === "wide";
      const width = wide ? undefined : outputWidth(context);
      const options = { width, ...(hasColour(context) ? { paint } : {}) };
      return what.text({ wide, width, now: new Date(), table: (header, rows) => table(header, rows, options) });
    }
  }
}
