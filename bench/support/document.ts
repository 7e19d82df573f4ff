import { mkdir, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { plot } from "./plot.ts";
import { isMet, rounded, type Figure } from "./report.ts";

const docs = new URL("../../docs/", import.meta.url);

/** What each figure says, in PERFORMANCE's words. */
const meanings: Record<string, string> = {
  P1: "Authenticated, durable heartbeats over mTLS gRPC, as a ratio to an empty call of the same bytes through the same listener",
  "P1-three-transactions": "The same heartbeats, as a ratio to three transactions a heartbeat (the origin's shape)",
  P2: "Heartbeats a second at 1,000,000 machines, as a ratio to 1,000 machines",
  P3: "Claim of a machine for work, p99, at 1,000,000 machines as a ratio to 1,000",
  P4: "From the call that asks for an installation to its agent's holding it, p99, 2,000 watching agents",
  P6: "First page of machines, filtered and sorted by any column, 1,000,000 machines: server time, p99",
  P8: "`farrier up` on an existing data directory, from its start to serving, as installed",
  "P8-first": "The same with a new data directory: initialisation included",
  P9: "`farrier machine list` against a running server, as installed",
  "P9-version": "`farrier --version`, as installed",
  cancel: "From the start of `farrier machine cancel` in mid-download until the agent has broken it off; the slowest",
  P7: "Server memory for an agent that only watches (connection and stream)",
  handshakes: "Agents that reconnect a second, while they share the machine's cores",
  workers: "CPU a heartbeat of two workers that share a port, as a ratio to one",
};

/** Writes docs/performance.json, docs/performance.md and the plots it shows, from one run's figures. */
export async function documentWrite(figures: readonly Figure[]): Promise<void> {
  await mkdir(new URL("plots/", docs), { recursive: true });
  await writeFile(new URL("performance.json", docs), `${JSON.stringify(figures, undefined, 2)}\n`);
  const plots: string[] = [];
  const draw = async (name: string, title: string, svg: string): Promise<void> => {
    await writeFile(new URL(`plots/${name}.svg`, docs), svg);
    plots.push(`![${title}](plots/${name}.svg)`);
  };
  const curve = figures.find(({ id }) => id === "P1")?.details["curve"] as
    | { offered: number; perSecond: number; p50: number; p99: number }[]
    | undefined;
  if (curve !== undefined) {
    await draw(
      "throughput",
      "Heartbeats answered against heartbeats offered",
      plot({
        title: "Heartbeats answered against heartbeats offered",
        x: "offered a second",
        y: "answered a second",
        series: [{ name: "answered", points: curve.map(({ offered, perSecond }) => [offered, perSecond] as const) }],
      }),
    );
    await draw(
      "latency",
      "Latency of a heartbeat against load",
      plot({
        title: "Latency of a heartbeat against load",
        x: "heartbeats offered a second",
        y: "ms",
        series: [
          { name: "p50", points: curve.map(({ offered, p50 }) => [offered, p50] as const) },
          { name: "p99", points: curve.map(({ offered, p99 }) => [offered, p99] as const) },
        ],
      }),
    );
  }
  const sizes = figures.find(({ id }) => id === "P2")?.details["by fleet size"] as
    | { machines: number; perSecond: number; p99: number }[]
    | undefined;
  if (sizes !== undefined) {
    await draw(
      "fleet-size",
      "Heartbeats a second against fleet size",
      plot({
        title: "Heartbeats a second against fleet size",
        x: "machines in the database",
        y: "heartbeats a second",
        logarithmic: true,
        series: [
          { name: "heartbeats", points: sizes.map(({ machines, perSecond }) => [machines, perSecond] as const) },
        ],
      }),
    );
    await draw(
      "fleet-size-latency",
      "Latency at full load against fleet size",
      plot({
        title: "Latency at full load (1,000 in flight) against fleet size",
        x: "machines in the database",
        y: "p99, ms",
        logarithmic: true,
        series: [{ name: "p99", points: sizes.map(({ machines, p99 }) => [machines, p99] as const) }],
      }),
    );
  }
  await writeFile(new URL("performance.md", docs), markdown(figures, plots));
}

function markdown(figures: readonly Figure[], plots: readonly string[]): string {
  const [cpu] = cpus();
  const rows = figures.map((figure) => {
    const target =
      figure.target === undefined
        ? ""
        : `${figure.better === "higher" ? "≥" : "≤"} ${figure.target}${figure.unit ?? ""}`;
    return `| ${figure.id} | ${meanings[figure.id] ?? ""} | ${rounded(figure.value)}${figure.unit ?? ""} | ${target} | ${
      figure.target === undefined ? "" : isMet(figure) ? "met" : "**missed**"
    } |`;
  });
  const details = figures.flatMap((figure) => [
    `### ${figure.id}`,
    "",
    ...Object.entries(figure.details).map(
      ([name, value]) => `- ${name}: ${typeof value === "number" ? rounded(value) : JSON.stringify(value)}`,
    ),
    "",
  ]);
  return [
    "# Performance",
    "",
    "Written by `npm run bench -- --write`; not edited by hand. Every figure is a ratio measured side by side in one run, with the",
    "absolute numbers beside it: those hold for the machine below alone, with the load generator on the same cores.",
    "",
    `Machine: ${cpus().length} × ${cpu?.model.trim() ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, PostgreSQL 18 with \`fsync\` and \`synchronous_commit\` on.`,
    "",
    "| id | what | value | target | |",
    "|---|---|---|---|---|",
    ...rows,
    "",
    ...plots.flatMap((line) => [line, ""]),
    "## Details",
    "",
    ...details,
  ].join("\n");
}
