import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { LogLevel } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { printableLines } from "../../../src/lib/format/printable.ts";
import { RpcError } from "../../parts/RpcError.tsx";
import { Button } from "../../ui/Button.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { TextInput } from "../../ui/Field.tsx";
import { classes } from "../../ui/classes.ts";
import { useLog, type NumberedLine } from "./use-log.ts";

const levels: Readonly<Record<number, { word: string; look: string }>> = {
  [LogLevel.UNSPECIFIED]: { word: "", look: "" },
  [LogLevel.DEBUG]: { word: "debug", look: "text-dim" },
  [LogLevel.INFO]: { word: "info", look: "" },
  [LogLevel.WARN]: { word: "warn", look: "text-warn" },
  [LogLevel.ERROR]: { word: "error", look: "text-bad" },
};

/** The latest lines of the agent's log; it follows new ones unless it is paused or scrolled away from the end. */
export function LogTab({ machine }: { machine: Machine }): ReactNode {
  const [paused, setPaused] = useState(false);
  const [search, setSearch] = useState("");
  const { lines, read, error } = useLog(machine.id, paused);
  const place = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const shown = useMemo(() => {
    const wanted = search.trim().toLowerCase();
    return wanted === "" ? lines : lines.filter(({ line }) => line.text.toLowerCase().includes(wanted));
  }, [lines, search]);
  useEffect(() => {
    if (atEnd.current && place.current !== null) {
      place.current.scrollTop = place.current.scrollHeight;
    }
  }, [shown]);
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <search className="min-w-0 grow sm:max-w-xs">
          <TextInput
            type="search"
            aria-label="Lines with"
            placeholder="Lines with …"
            value={search}
            onChange={({ target }) => setSearch(target.value)}
          />
        </search>
        <Button icon={paused ? "right" : "pause"} aria-pressed={paused} onClick={() => setPaused(!paused)}>
          {paused ? "Go on" : "Pause"}
        </Button>
        <CopyButton text={() => shown.map((one) => lineText(one)).join("\n")} what="the lines" label="Copy" />
        <span className="text-dim text-sm">
          {search.trim() === "" ? `${lines.length} lines` : `${shown.length} of ${lines.length} lines`}
        </span>
      </div>
      {error === undefined ? null : <RpcError title="The log can't be read; trying again" error={error} />}
      <div
        ref={place}
        role="log"
        aria-label="Log of the agent"
        aria-live="off"
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          atEnd.current = scrollHeight - scrollTop - clientHeight < 40;
        }}
        className="border-line bg-surface h-[60vh] overflow-auto rounded-md border p-2 font-mono text-xs"
      >
        {read && lines.length === 0 ? (
          <p className="text-dim">
            No line has arrived. An agent sends its log while it runs; lines go with the machine.
          </p>
        ) : null}
        {shown.map(({ number, line }) => (
          <p
            key={number}
            className={classes("foreign whitespace-pre-wrap [content-visibility:auto]", levels[line.level]?.look)}
          >
            {line.droppedBefore === 0n ? null : (
              <span className="text-warn block">… the agent dropped {String(line.droppedBefore)} lines here …</span>
            )}
            <span className="text-dim">{timeOf(line.receivedAt)} </span>
            {levels[line.level]?.word} <bdi>{printableLines(line.text)}</bdi>
          </p>
        ))}
      </div>
    </div>
  );
}

function timeOf(at: NumberedLine["line"]["receivedAt"]): string {
  return at === undefined ? "" : timestampDate(at).toISOString().slice(11, 19);
}

function lineText({ line }: NumberedLine): string {
  const at = line.receivedAt === undefined ? "" : timestampDate(line.receivedAt).toISOString();
  return `${at} ${levels[line.level]?.word ?? ""} ${line.text}`;
}
