import { toJson, toJsonString, type DescMessage, type Message, type MessageShape } from "@bufbuild/protobuf";
import { systemClock } from "../../lib/clock.ts";
import { escapedQuoted, printable, printableLines } from "../../lib/format/printable.ts";
import { hasColour, paint } from "./colour.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags, OutputFormat } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { patiently } from "../call/patience.ts";
import { outputWidth } from "./print.ts";
import { table, type Column } from "./table.ts";
import { toYaml } from "./yaml.ts";

/** How text for people is to be laid out. */
export interface View {
  /** Show all columns, however long lines get. */
  wide: boolean;
  /** Width of a line in characters; undefined means unlimited. */
  width: number | undefined;
  /** Lays out a table that fits the width. */
  table: (header: readonly (string | Column)[], rows: readonly (readonly string[])[]) => string;
  now: Date;
}

/** A command's output. */
export interface Answer<Desc extends DescMessage = DescMessage> {
  schema: Desc;
  message: MessageShape<Desc>;
  /** For `--output name`: the names or ids that other commands accept, one per line. */
  names: () => readonly string[];
  /** The text for people. */
  text: (view: View) => string;
  /** A further line for people: that there is nothing, or more. */
  note?: string | undefined;
}

/** Lets the compiler check that message and schema belong together. */
export function answerOf<Desc extends DescMessage>(what: Answer<Desc>): Answer {
  return what;
}

/** The format that the flags choose; undefined means text. @throws {CliError} `usage` if they contradict each other */
export function outputFormat(flags: Pick<ClientFlags, "json" | "output">): OutputFormat | undefined {
  if (flags.json === true && flags.output !== undefined && flags.output !== "json") {
    throw new CliError("usage", `--json and --output ${flags.output} contradict each other: give one of them`);
  }
  return flags.json === true ? "json" : flags.output;
}

/** Prints a command's output in the format that the flags choose. */
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

/** Milliseconds: `look` between two polls without a change stream, `least` the minimum between two reads. */
const interval = { look: 2_000, least: 500 };

/**
 * Prints an answer. With `--watch` it prints again after each change until interrupted. `changes` yields when the
 * answer may have changed; without `changes` the answer is polled every two seconds.
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
    // Away from a terminal, an age that only grew counts as no change.
    const state = toJsonString(what.schema, what.message);
    if (screen) {
      stdout.write(
        `\u001B[H\u001B[2J${answerText(context, format, what)}${what.note === undefined ? "" : `${printableLines(what.note)}\n`}`,
      );
    } else if (state !== last) {
      stdout.write((last === undefined ? "" : separator(format)) + answerText(context, format, what));
    }
    last = state;
    await systemClock.sleep(interval.least);
    await Promise.race([systemClock.sleep(interval.look - interval.least), wake?.() ?? forever]);
  }
}

/** Never settles: a race with it waits for the other promises. */
const forever = new Promise<never>(() => undefined);

/** Returns a function that resolves once something has come since its last call. */
function waker(changes: () => AsyncIterable<unknown>): () => Promise<void> {
  let came = Promise.withResolvers<void>();
  const listen = async (): Promise<void> => {
    for (;;) {
      try {
        for await (const _change of changes()) {
          came.resolve();
        }
      } catch {
        // Polling goes on without the stream, and itself reports an unreachable control plane.
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

/** What is printed between two answers of a watch. */
function separator(format: OutputFormat | undefined): string {
  return format === "yaml" ? "---\n" : format === undefined ? "\n" : "";
}
