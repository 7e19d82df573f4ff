import { CsvError, parse } from "csv-parse/sync";
import { ProviderError } from "../../shepherd/provider.ts";
import { type Row, type InventoryRows, rowsLimit } from "./row.ts";

/** Maximum length of one record in characters. */
const recordLimit = 64 * 1024;

/** The line that a record begins with, by the line that it ends with. Pure. */
function beginOf(raw: string, end: number): number {
  return end - (raw.replace(/\n$/u, "").split("\n").length - 1);
}

/**
 * Reads CSV (RFC 4180): a header, then a record for each machine. The delimiter is the one of comma, semicolon and tab
 * that the header has most of. Empty records are left out.
 * @throws {ProviderError} `unavailable` if it is no CSV, or too long
 */
export function csvRows(text: string): InventoryRows {
  const records = csvRecords(text).filter(({ record }) => record.some((cell) => cell.trim() !== ""));
  const [header, ...rest] = records;
  if (header === undefined) {
    return { rows: [], problems: [] };
  }
  const names = header.record.map((name) => name.trim());
  const twice = names.filter((name, at) => name !== "" && names.indexOf(name) !== at);
  if (twice.length > 0) {
    throw new ProviderError("unavailable", `line 1: column "${twice[0]}" is there twice: expected each once`);
  }
  if (rest.length > rowsLimit) {
    throw new ProviderError("unavailable", `has ${rest.length} lines: expected at most ${rowsLimit}`);
  }
  const problems: string[] = [];
  const rows = rest.flatMap(({ record, line }): Row[] => {
    const place = `line ${line}`;
    if (record.length > names.length && record.slice(names.length).some((cell) => cell.trim() !== "")) {
      problems.push(
        `${place}: has ${record.length} cells, the header ${names.length}: is a cell with a comma in it without quotes?`,
      );
      return [];
    }
    return [{ place, cells: new Map(names.map((name, at) => [name, record[at] ?? ""])) }];
  });
  return { rows, problems };
}

function csvRecords(text: string): { record: string[]; line: number }[] {
  const [header = ""] = text.split("\n", 1);
  const count = (sign: string): number => header.split(sign).length;
  const delimiter = [",", ";", "\t"].toSorted((a, b) => count(b) - count(a))[0] ?? ",";
  try {
    const found = parse(text, {
      ...{ delimiter, info: true, raw: true, relax_column_count: true, record_delimiter: "\n" },
      max_record_size: recordLimit,
    }) as unknown as { record: string[]; info: { lines: number }; raw: string }[];
    return found.map(({ record, info, raw }) => ({ record, line: beginOf(raw, info.lines) }));
  } catch (error) {
    if (!(error instanceof CsvError)) {
      throw error;
    }
    throw new ProviderError("unavailable", csvFault(error, text), { cause: error });
  }
}

function csvFault(error: CsvError, text: string): string {
  const line = typeof error["lines"] === "number" ? `line ${error["lines"]}: ` : "";
  switch (error.code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return `line ${openQuoteLine(text)}: a cell that begins with a quote here does not end: expected another quote after it`;
    case "CSV_MAX_RECORD_SIZE":
      return `${line}is longer than ${recordLimit} characters: is a quote missing?`;
    case "INVALID_OPENING_QUOTE":
    case "CSV_INVALID_CLOSING_QUOTE":
      return `${line}has a quote within a cell: expected the whole cell in quotes, and each quote in it twice`;
    default:
      return `${line}is no CSV: ${error.message.slice(0, 200)}`;
  }
}

/** The line of the last quote that is not closed: quotes within a cell come in twos. Pure. */
function openQuoteLine(text: string): number {
  const last = text.lastIndexOf('"');
  return text.slice(0, last).split("\n").length;
}
