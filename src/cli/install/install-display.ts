import { Phase } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Installation } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Output } from "../context.ts";
import { phaseWord, progressWords } from "../show/describe.ts";
import { rateMeter } from "../line/rate.ts";
import { bytesText } from "../../lib/format/bytes.ts";
import { durationText } from "../../lib/format/duration.ts";
import { printable } from "../../lib/format/printable.ts";

/** Shows the progress of installations while a command waits. */
export interface InstallDisplay {
  /** Shows a machine's progress. */
  progress(title: string, installation: Installation): void;
  /** Shows what is waited for, after the progress. */
  waiting(title: string, words: string): void;
  /** Removes a machine that is done or given up from the display. */
  finished(title: string): void;
  /** Prints a line that stays. */
  line(text: string): void;
  /** Removes the live lines. */
  end(): void;
}

/** On a terminal, one live line per machine; elsewhere, one line per change. */
export function installDisplay(output: Output, clock: Clock): InstallDisplay {
  return output.isTTY === true ? liveDisplay(output, clock) : plainDisplay(output);
}

function plainDisplay(output: Output): InstallDisplay {
  const last = new Map<string, string>();
  const tell = (title: string, words: string): void => {
    if (last.get(title) !== words) {
      last.set(title, words);
      output.write(`${printable(`${title}: ${words}`)}\n`);
    }
  };
  return {
    progress: (title, { progress }) =>
      tell(title, progress === undefined ? "waiting for the agent" : phaseWord(progress.phase)),
    waiting: tell,
    finished: (title) => void last.delete(title),
    line: (text) => output.write(`${printable(text)}\n`),
    end: () => undefined,
  };
}

/** Maximum number of live lines: more would scroll the terminal. */
const mostLines = 8;

function liveDisplay(output: Output, clock: Clock): InstallDisplay {
  const machines = new Map<string, { words: (room: number) => string; rate: ReturnType<typeof rateMeter> }>();
  let drawn = 0;
  /** Moves the cursor to the first drawn line and clears everything below. */
  const erase = (): string => (drawn > 1 ? `\u001B[${drawn - 1}A` : "") + "\r\u001B[J";
  const draw = (before = ""): void => {
    // Some terminals begin a new line once the last column is filled.
    const room = (output.columns || 80) - 1;
    const lines = [...machines].slice(0, mostLines).map(([name, { words }]) => {
      const title = printable(`${name}: `);
      return title + printable(words(room - title.length));
    });
    if (machines.size > mostLines) {
      lines.push(`and ${machines.size - mostLines} more`);
    }
    const shown = lines.map((line) => (line.length <= room ? line : `${line.slice(0, room - 1)}…`));
    output.write(erase() + before + shown.join("\n"));
    drawn = shown.length;
  };
  return {
    progress(title, installation) {
      const rate = machines.get(title)?.rate ?? rateMeter(clock);
      const { progress } = installation;
      const bytesPerSecond = progress?.phase === Phase.WRITING ? rate(Number(progress.bytesDone)) : undefined;
      machines.set(title, { words: (room) => barWords(installation, bytesPerSecond, room), rate });
      draw();
    },
    waiting(title, words) {
      machines.set(title, { words: () => words, rate: rateMeter(clock) });
      draw();
    },
    finished(title) {
      machines.delete(title);
      draw();
    },
    line: (text) => draw(`${printable(text)}\n`),
    end() {
      output.write(erase());
      drawn = 0;
    },
  };
}

/** Widths of a bar in characters: the widest that fits is taken. */
const barWidths = [20, 10, 0] as const;

/** Progress with a bar, the rate and the estimated time left; the bar shrinks to fit `room`. */
export function barWords(installation: Installation, bytesPerSecond: number | undefined, room: number): string {
  const { progress } = installation;
  if (progress?.phase !== Phase.WRITING || progress.bytesDone === 0n) {
    return progressWords(installation);
  }
  const [done, total] = [Number(progress.bytesDone), Number(progress.bytesTotal)];
  const rate = bytesPerSecond === undefined ? "" : `, ${bytesText(bytesPerSecond)}/s`;
  if (total === 0) {
    return `${progressWords(installation)}${rate}`;
  }
  const seconds = (bytesPerSecond ?? 0) > 0 && total > done ? (total - done) / (bytesPerSecond ?? 1) : undefined;
  const left = seconds === undefined ? "" : `, ${durationText(Math.ceil(seconds) * 1000, 1)} left`;
  const percent = Math.floor((done / total) * 100);
  const words = `${percent} % of ${bytesText(progress.bytesTotal)}${rate}${left}`;
  const lines = barWidths.map((width) => `${phaseWord(progress.phase)} ${bar(width, done / total)}${words}`);
  return lines.find((line) => line.length <= room) ?? lines.at(-1) ?? words;
}

function bar(width: number, share: number): string {
  const full = Math.min(width, Math.floor(share * width));
  return width === 0 ? "" : `[${"#".repeat(full)}${"-".repeat(width - full)}] `;
}
