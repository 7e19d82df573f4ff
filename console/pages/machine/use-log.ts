import { callUnaryMethod } from "@connectrpc/connect-query";
import { useEffect, useState } from "react";
import type { MachineLogLine } from "../../../gen/farrier/operator/v1/machine_log_pb.ts";
import { MachineService } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { transport } from "../../api/transport.ts";

/** Lines that are held; of more, the oldest go. */
const kept = 2_000;
/** Milliseconds between two looks for new lines. */
const every = 1_000;

/** A line with its number since the page was opened. */
export interface NumberedLine {
  number: number;
  line: MachineLogLine;
}

/** The log of a machine's agent as far as it was read. */
export interface ReadLog {
  lines: readonly NumberedLine[];
  /** False until the first answer. */
  read: boolean;
  error: unknown;
}

/** Reads a machine's log, and goes on each second while it is seen and not paused. */
export function useLog(machine: string, paused: boolean): ReadLog {
  const [log, setLog] = useState<ReadLog & { cursor: string }>({
    lines: [],
    read: false,
    error: undefined,
    cursor: "",
  });
  const { cursor } = log;
  useEffect(() => {
    if (paused) {
      return undefined;
    }
    const ended = new AbortController();
    const look = async (): Promise<void> => {
      if (document.hidden) {
        timer = setTimeout(() => void look(), every);
        return;
      }
      try {
        const { signal } = ended;
        const answer = await callUnaryMethod(
          transport,
          MachineService.method.machineLog,
          { machine, cursor },
          { signal },
        );
        setLog((before) => {
          const first = (before.lines.at(-1)?.number ?? 0) + 1;
          const more = answer.lines.map((line, index) => ({ number: first + index, line }));
          const lines = more.length === 0 ? before.lines : [...before.lines, ...more].slice(-kept);
          return { lines, read: true, error: undefined, cursor: answer.nextCursor };
        });
        if (answer.nextCursor === cursor) {
          timer = setTimeout(() => void look(), every);
        }
      } catch (error) {
        if (!ended.signal.aborted) {
          setLog((before) => ({ ...before, error }));
          timer = setTimeout(() => void look(), every * 3);
        }
      }
    };
    // The first look at once, the following after a second.
    let timer = setTimeout(() => void look(), cursor === "" ? 0 : every);
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [machine, cursor, paused]);
  return log;
}
