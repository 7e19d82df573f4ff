import { create } from "@bufbuild/protobuf";
import { LogLevel, LogLineSchema, type LogLine } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { withoutUrlSecrets } from "../../lib/net/shown-url.ts";
import { cleanText } from "../errors.ts";

/** Maximum bytes of a line's text (docs/wire.md: the server refuses longer ones). */
const textBytes = 1 << 10;
/** Fields that every line has, or that are sent separately. */
const said = new Set(["level", "time", "msg", "component", "machine", "run"]);
/** Names of values that must not leave the machine, should they ever be logged. */
const secret = /token|secret|passw|private|credential|authorization|user_?data|init/iu;

const levels: Readonly<Record<string, LogLevel>> = {
  trace: LogLevel.DEBUG,
  debug: LogLevel.DEBUG,
  info: LogLevel.INFO,
  warn: LogLevel.WARN,
  error: LogLevel.ERROR,
  fatal: LogLevel.ERROR,
};

/**
 * A line of the agent's log (JSON, as `createLogger` writes it) in the form for the control plane: "message key=value
 * …". Undefined for a level below "info", or a text that is no such line. Pure.
 */
export function logLine(json: string): LogLine | undefined {
  const record = parsed(json);
  const level = levels[valueText(record["level"])] ?? LogLevel.UNSPECIFIED;
  if (level === LogLevel.UNSPECIFIED || level === LogLevel.DEBUG) {
    return undefined;
  }
  const time = Date.parse(valueText(record["time"]));
  const details = Object.entries(record)
    .filter(([key]) => !said.has(key))
    .map(([key, value]) => `${key}=${secret.test(key) ? "(kept back)" : valueText(value)}`);
  return create(LogLineSchema, {
    atMs: BigInt(Number.isNaN(time) || time < 0 ? 0 : time),
    level,
    text: withinBytes(withoutUrlSecrets([valueText(record["msg"] ?? ""), ...details].join(" ")), textBytes),
  });
}

function parsed(json: string): Readonly<Record<string, unknown>> {
  try {
    const record: unknown = JSON.parse(json);
    return typeof record === "object" && record !== null ? (record as Readonly<Record<string, unknown>>) : {};
  } catch {
    // Not a log line.
    return {};
  }
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** The beginning of a text that fits into `limit` bytes, cut between characters. */
function withinBytes(text: string, limit: number): string {
  const clean = cleanText(text, limit);
  const bytes = Buffer.from(clean);
  if (bytes.length <= limit) {
    return clean;
  }
  let end = limit;
  // Not within a character: its further bytes begin with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) {
    end -= 1;
  }
  return bytes.toString("utf8", 0, end);
}
