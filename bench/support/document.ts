import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import {
  capacity,
  claims,
  cost,
  growth,
  load,
  push,
  servers,
  storm,
  workers,
  type Section,
} from "./document-sections.ts";
import { isMet, rounded, type Figure } from "./report.ts";

const docs = new URL("../../docs/", import.meta.url);

/** The meaning of each figure, in the order of the document. */
const meanings: Record<string, string> = {
  P1: "Heartbeats a second, authenticated and durable, over mTLS and gRPC: as a ratio to an empty call of the same bytes through the same listener",
  "P1-http2": "The same, as a ratio to an empty call on bare node:http2 with the same TLS: what the runtime can do",
  "P1-three-transactions": "The same, as a ratio to heartbeats of three transactions each, which is the origin's shape",
  P2: "Heartbeats a second with 1,000,000 machines in the database, as a ratio to 1,000",
  P3: "Claim of a machine for work: its p99 at 1,000,000 machines, as a ratio to 1,000; eight workers at once",
  P4: "From the call that asks for an installation to its agent's holding it, p99; 2,000 agents watch: as a ratio to the same transaction, its NOTIFY heard by a bare client and one message sent over an idle connection",
  P5: "Image to disk: the agent's download, check, unpack and write, as a ratio to curl, zstd and dd",
  P6: "First page of machines, filtered and sorted by anything offered, p99, of 1,000,000 machines: as a ratio to the same number of machines read by their ids through the same call",
  P7: "Server memory for an agent that waits: its connection and its Watch stream: as a ratio to a plain stream of grpc-js",
  P8: "`farrier up` on an existing data directory, from its start to serving, as installed: as a ratio to starting this PostgreSQL on the same data and a Node that does nothing",
  "P8-first": "The same with a new data directory: as a ratio to initdb and that",
  P9: "`farrier machine list` against a running server, as installed: as a ratio to a Node that does nothing",
  "P9-version": "`farrier --version`, as installed: as a ratio to the same",
  P10: "Lab: from the request to the installed system's first line, as a ratio to the pure work in it: fetched and written by busybox, zstd and dd, and one reboot",
  P11: "Lab: from power-on to the first heartbeat, as a ratio to the same firmware, kernel and initramfs whose /init prints a line",
  P12: "Heartbeats of established agents while 5,000 others reconnect at once, p99: as a ratio to the same while others reconnect at a pace of 10 a second",
  P13: "Processor time of a heartbeat with two and four workers that share the port, as a ratio to one; the worse of both",
  P14: "100 machines fetch an image of 64 MiB from the cache at once, in clear text: MB a second as a ratio to a bare HTTP server of Node with the same file",
  "P14-images": "Heartbeats of established agents meanwhile, p99: as a ratio to the same without it",
  "P14-boot": "The same while machines fetch boot files",
  P15: "1,000 management controllers read by a shepherd, the power in each of ten rounds and the health in one, with at most 64 connections: wall time as a ratio to the same GETs by plain fetch, 64 at a time",
  "P15-cpu": "The same: processor time of the shepherd as a ratio to the processor time of plain fetch",
  "P15-memory": "The same: the shepherd's memory after the last round, as a ratio to the second",
  "P15-power":
    "From a request to switch a machine on until it is recorded as on, as a ratio to the bare calls in it by plain fetch; the machine takes a second",
  P16: "Processor time of a server that answers 1,000 heartbeats a second while 1,000 machines of 1,000,000 change a second, with ten consoles open: as a ratio to the same without them",
  "P17-cold":
    "Console: from a cold address until 50 rows of 1,000,000 machines are drawn, in Chromium on a processor slowed four times: as a ratio to an empty page there that makes the same calls",
  "P17-filter":
    "Console: from another filter or order until its rows are drawn, p95, in the same browser: as a ratio to the call alone",
  "P17-change":
    "Console: from a change in the database until it is on screen, p99, in the same browser: as a ratio to its arrival at a bare watcher",
  P18: "10,000 templates of user data checked and rendered, each with another machine's values: as a ratio to liquidjs alone with the same texts and values",
  "rollout-plan":
    "The plan of a rollout over 10,000 machines, made, stored and handed out in pages: as a ratio to listing the same machines",
  "lab-request-to-marker": "Lab: from the request to the installed system's first line",
  cancel: "From the start of `farrier machine cancel` in mid-download until the agent has broken it off; the slowest",
  handshakes: "Agents that connect a second, each with a TLS handshake and a key of its own",
};

/**
 * Writes docs/performance.json, docs/performance.md and its plots: a run's figures, and of benchmarks that it left out those
 * that the document has.
 */
export async function documentWrite(run: readonly Figure[]): Promise<void> {
  await mkdir(new URL("plots/", docs), { recursive: true });
  const before = JSON.parse(await readFile(new URL("performance.json", docs), "utf8")) as Figure[];
  const measured = `${new Date().toISOString().slice(0, 10)}, ${processors()}`;
  const figures = [
    ...before.filter(({ id }) => !run.some((figure) => figure.id === id)),
    ...run.map((figure) => ({ ...figure, measured })),
  ];
  await writeFile(new URL("performance.json", docs), `${JSON.stringify(figures, undefined, 2)}\n`);
  const by = new Map(figures.map((figure) => [figure.id, figure]));
  const sections = [capacity, load, cost, growth, workers, push, claims, storm, servers].flatMap(
    (make) => make(by) ?? [],
  );
  for (const { plots } of sections) {
    for (const [name, svg] of Object.entries(plots)) {
      await writeFile(new URL(`plots/${name}.svg`, docs), svg);
    }
  }
  const explained = await readFile(new URL(gapsFile, docs), "utf8");
  await writeFile(new URL("performance.md", docs), markdown(figures, sections, explained));
}

function processors(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.replace(/\(R\)| Processor/gu, "").trim() ?? "unknown"}`;
}

/** Written by hand, with a heading for each figure: where the time goes that it misses its target by. */
const gapsFile = "performance-gaps.md";

function markdown(figures: readonly Figure[], sections: readonly Section[], explained: string): string {
  const place = (id: string): number => Object.keys(meanings).indexOf(id) + 1 || Infinity;
  const sorted = figures.toSorted((a, b) => place(a.id) - place(b.id));
  return [
    "# Performance",
    "",
    "Measured and written by `npm run bench -- --write`; never edited by hand. `npm run bench` measures without writing, and",
    "`npm run bench -- heartbeat` one of them alone. It needs nothing but this checkout, two cores and half an hour. A run of some benchmarks replaces their figures.",
    "",
    "Machines differ and are shared, so what is promised is a **ratio**, of two things measured by turns in one run, the second being the least that",
    "can be had for the same work. No target is an absolute time. The absolute",
    `numbers hold for the processors beside them, with ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, PostgreSQL 18.`,
    "The server, PostgreSQL and the load generator share its cores. `fsync`, `synchronous_commit` and `full_page_writes` are on, always.",
    "p50 and p99: half of all, and 99 of 100, took no longer.",
    `Where a target is missed, [where the time goes](${gapsFile}) says why.`,
    "",
    "| | what | value | target | | measured |",
    "|---|---|---|---|---|---|",
    ...sorted.map((figure) => summaryRow(figure, explained)),
    "",
    ...sections.flatMap(({ title, lines }) => [`## ${title}`, "", ...lines, ""]),
    "## Conditions and everything else that was measured",
    "",
    "The same as data: [performance.json](performance.json).",
    "",
    ...sorted.flatMap(({ id, details }) => [
      `### ${id}`,
      "",
      ...Object.entries(details).flatMap(([name, value]) => detailLine(name, value)),
      "",
    ]),
  ].join("\n");
}

function summaryRow(figure: Figure, explained: string): string {
  const { id, value, target, better, unit = "", measured = "" } = figure;
  const wanted = target === undefined ? "" : `${better === "higher" ? "≥" : "≤"} ${target}${unit}`;
  const met =
    target === undefined
      ? ""
      : isMet(figure)
        ? "met"
        : `**missed** by ${missedBy(value, target)} % ${whyLink(id, explained)}`;
  return `| ${id} | ${meanings[id] ?? ""} | ${rounded(value)}${unit} | ${wanted} | ${met} | ${measured} |`;
}

/** A link to the explanation of a figure, or to all of them if this one was never missed before. */
function whyLink(id: string, explained: string): string {
  return `([why](${gapsFile}${explained.includes(`\n## ${id}\n`) ? `#${id.toLowerCase()}` : ""}))`;
}

/** The distance of the value from its target, in percent of the target. */
function missedBy(value: number, target: number): string {
  return rounded((Math.abs(value - target) / target) * 100);
}

/** One line for a detail, or none if it is in a table above. */
function detailLine(name: string, value: unknown): string[] {
  if (typeof value === "number") {
    return [`- ${name}: ${rounded(value)}`];
  }
  if (typeof value === "string") {
    return [`- ${name}: ${value}`];
  }
  if (Array.isArray(value)) {
    return value.every((one) => typeof one !== "object") ? [`- ${name}: ${value.join(", ")}`] : [];
  }
  if (typeof value === "object" && value !== null) {
    const flat = Object.entries(value);
    return flat.some(([, one]) => typeof one === "object")
      ? []
      : [`- ${name}: ${flat.map(([key, one]) => `${key} ${typeof one === "number" ? rounded(one) : one}`).join(", ")}`];
  }
  return [];
}
