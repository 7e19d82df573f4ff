import { toBinary } from "@bufbuild/protobuf";
import { LogLineSchema, type LogLine } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { logLine } from "./log-line.ts";

/** Lines for one call. */
export interface LogBatch {
  lines: LogLine[];
  /** Number of lost lines before these. */
  dropped: number;
}

/** Lines of the agent's log that wait to be sent. */
export interface LogTail {
  /**
   * Takes a line as it is logged (`also` of `createLogger`). Never throws, never waits; without room the oldest are
   * dropped.
   */
  write: (json: string) => void;
  /** Takes the oldest lines that fit into a call; none if nothing waits. */
  batch(): LogBatch;
  /** This many lines of a batch never arrived. */
  lost(lines: number): void;
  /** Resolves once lines wait. */
  some(): Promise<void>;
}

/** Maximum lines and bytes that wait, and those of one call (the server accepts 200 lines and 64 KiB). */
const room = { lines: 1_000, bytes: 256 << 10 };
const call = { lines: 200, bytes: 48 << 10 };
/** A line's tag and length within the call. */
const lineOverhead = 4;

interface Waiting {
  line: LogLine;
  bytes: number;
}

/** Starts empty. */
export function createLogTail(): LogTail {
  let waiting: Waiting[] = [];
  let bytes = 0;
  let dropped = 0;
  let came = Promise.withResolvers<void>();

  function takeFirst(count: number): Waiting[] {
    const taken = waiting.slice(0, count);
    waiting = waiting.slice(count);
    bytes -= taken.reduce((sum, entry) => sum + entry.bytes, 0);
    if (waiting.length === 0) {
      came = Promise.withResolvers();
    }
    return taken;
  }

  return {
    write: (json) => {
      const line = logLine(json);
      if (line === undefined) {
        return;
      }
      const entry = { line, bytes: toBinary(LogLineSchema, line).length + lineOverhead };
      waiting.push(entry);
      bytes += entry.bytes;
      while (waiting.length > room.lines || bytes > room.bytes) {
        takeFirst(1);
        dropped += 1;
      }
      came.resolve();
    },
    batch: () => {
      let size = 0;
      const fitting = waiting.slice(0, call.lines).findIndex((entry) => {
        size += entry.bytes;
        return size > call.bytes;
      });
      const lines = takeFirst(fitting === -1 ? call.lines : fitting).map(({ line }) => line);
      const before = dropped;
      dropped = lines.length === 0 ? before : 0;
      return { lines, dropped: before };
    },
    lost: (lines) => {
      dropped += lines;
    },
    some: () => came.promise,
  };
}
