import { Phase } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Installation } from "../../gen/farrier/operator/v1/machine_pb.ts";
import type { Clock } from "../lib/clock.ts";
import type { Output } from "./context.ts";
import { phaseWord, progressWords } from "./describe.ts";
import { rateMeter } from "./rate.ts";
import { formatSize } from "./size.ts";
import { printable } from "./table.ts";

/** Shows how installations go on while a command waits. */
export interface InstallDisplay {
  /** How far a machine is. */
  progress(title: string, installation: Installation): void;
  /** A machine is done, or given up: it is shown no more. */
  finished(title: string): void;
  /** A line that stays. */
  line(text: string): void;
  /** Takes the live line away. */
  end(): void;
}

/** One live line on a terminal; elsewhere a line whenever something changes. */
export function installDisplay(output: Output, clock: Clock): InstallDisplay {
  return output.isTTY === true ? liveDisplay(output, clock) : plainDisplay(output);
}

function plainDisplay(output: Output): InstallDisplay {
  const last = new Map<string, string>();
  return {
    progress(title, { progress }) {
      const words = progress === undefined ? "waiting for the agent" : phaseWord(progress.phase);
      if (last.get(title) !== words) {
        last.set(title, words);
        output.write(`${printable(`${title}: ${words}`)}\n`);
      }
    },
    finished: (title) => void last.delete(title),
    line: (text) => output.write(`${printable(text)}\n`),
    end: () => undefined,
  };
}

function liveDisplay(output: Output, clock: Clock): InstallDisplay {
  const machines = new Map<string, { words: string; rate: ReturnType<typeof rateMeter> }>();
  const erase = "\r\u001B[K";
  const draw = (): void => {
    const text = [...machines].map(([title, { words }]) => `${title}: ${words}`).join("; ");
    const line = printable(text);
    // A full last column would make some terminals begin a new line.
    const room = (output.columns || 80) - 1;
    const shown = line.length <= room ? line : `${line.slice(0, room - 1)}…`;
    output.write(erase + shown);
  };
  return {
    progress(title, installation) {
      const rate = machines.get(title)?.rate ?? rateMeter(clock);
      const { progress } = installation;
      const bytesPerSecond = progress?.phase === Phase.WRITING ? rate(Number(progress.bytesDone)) : undefined;
      const speed = bytesPerSecond === undefined ? "" : `, ${formatSize(bytesPerSecond)}/s`;
      machines.set(title, { words: progressWords(installation) + speed, rate });
      draw();
    },
    finished(title) {
      machines.delete(title);
      draw();
    },
    line(text) {
      output.write(`${erase}${printable(text)}\n`);
      draw();
    },
    end: () => output.write(erase),
  };
}
