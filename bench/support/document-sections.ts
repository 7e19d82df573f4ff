import { plot } from "./plot.ts";
import type { ProfileSummary } from "./profile.ts";
import { rounded, type Figure } from "./report.ts";

/** A section of docs/performance.md, with its plots: SVG by name. */
export interface Section {
  title: string;
  lines: string[];
  plots: Record<string, string>;
}

type Figures = ReadonlyMap<string, Figure>;
/** Undefined if its figures were not measured. */
type MakeSection = (figures: Figures) => Section | undefined;

/** Seconds between an agent's heartbeats. */
const interval = 30;

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const cell = (value: string | number): string => (typeof value === "number" ? rounded(value) : value);
  return [
    `| ${head.join(" | ")} |`,
    `|${head.map(() => "---").join("|")}|`,
    ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`),
  ];
}

/** A detail, as the benchmark reported it. */
function detail(figure: Figure, name: string): unknown {
  return figure.details[name];
}

/** NaN if it is not a number. */
function numberOf(figure: Figure, name: string): number {
  return Number(figure.details[name]);
}

interface LoadPoint {
  offered: number;
  perSecond: number;
  p50: number;
  p99: number;
}

/** The three limits of capacity, and which is the lowest. */
export const capacity: MakeSection = (figures) => {
  const [p1, p7, handshakes] = ["P1", "P7", "handshakes"].map((id) => figures.get(id));
  if (p1 === undefined || p7 === undefined || handshakes === undefined) {
    return undefined;
  }
  const top = numberOf(p1, "heartbeats a second");
  const curve = detail(p1, "curve") as LoadPoint[];
  const half = curve.find(({ offered }) => offered >= top * 0.49);
  const held = numberOf(p7, "KB an agent that waits");
  const perGiB = 2 ** 20 / held;
  return {
    title: "What one small server carries",
    plots: {},
    lines: [
      "The lowest of three ceilings counts. One server process on this machine, with PostgreSQL and the load beside it:",
      "",
      ...table(
        ["ceiling", "measured", "in agents"],
        [
          [
            "heartbeats",
            `${rounded(top)} a second at most; at half of it p50 ${rounded(half?.p50 ?? Number.NaN)} ms, p99 ${rounded(half?.p99 ?? Number.NaN)} ms`,
            `${rounded((top / 2) * interval)} at half load, each every ${interval} s`,
          ],
          ["memory", `${rounded(held)} KB for an agent that waits`, `${rounded(perGiB)} a GiB`],
          [
            "all reconnect",
            `${rounded(handshakes.value)} a second`,
            `100,000 are back in ${rounded(100_000 / handshakes.value / 60)} minutes`,
          ],
        ],
      ),
      "",
      "[Operations](operations/run.md#how-much-hardware) derives sizes from this.",
    ],
  };
};

/** Throughput and latency against load. */
export const load: MakeSection = (figures) => {
  const p1 = figures.get("P1");
  if (p1 === undefined) {
    return undefined;
  }
  const curve = detail(p1, "curve") as LoadPoint[];
  const lone = detail(p1, "latency of a lone heartbeat on an idle server, ms") as { p50: number; p99: number };
  return {
    title: "Heartbeats against load",
    plots: {
      throughput: plot({
        title: "Heartbeats answered against heartbeats offered",
        x: "offered a second",
        y: "answered a second",
        series: [{ name: "answered", points: curve.map(({ offered, perSecond }) => [offered, perSecond] as const) }],
      }),
      latency: plot({
        title: "Latency of a heartbeat against load",
        x: "heartbeats offered a second",
        y: "ms",
        series: [
          { name: "p50", points: curve.map(({ offered, p50 }) => [offered, p50] as const) },
          { name: "p99", points: curve.map(({ offered, p99 }) => [offered, p99] as const) },
        ],
      }),
    },
    lines: [
      `${rounded(numberOf(p1, "connections"))} agents' connections, ${rounded(numberOf(p1, "machines"))} machines in the database. A heartbeat alone on an idle server takes`,
      `${rounded(lone.p50)} ms (p50; p99 ${rounded(lone.p99)} ms), most of it the commit. Under load, hundreds share one commit: that is why the rate goes on growing`,
      "while latency does. What is offered beyond the top rate waits for the connection's call before it, so latency stays where it is.",
      "",
      ...table(
        ["offered a second", "answered a second", "p50, ms", "p99, ms"],
        curve.map(({ offered, perSecond, p50, p99 }) => [offered, perSecond, p50, p99]),
      ),
      "",
      "![Heartbeats answered against heartbeats offered](plots/throughput.svg)",
      "",
      "![Latency of a heartbeat against load](plots/latency.svg)",
    ],
  };
};

/** Where processor time and WAL are spent. */
export const cost: MakeSection = (figures) => {
  const p1 = figures.get("P1");
  if (p1 === undefined) {
    return undefined;
  }
  const micros = detail(p1, "microseconds of CPU a heartbeat") as Record<string, number>;
  const all = Object.values(micros).reduce((sum, value) => sum + value, 0);
  const profile = detail(p1, "where the server's time goes") as ProfileSummary | undefined;
  const empty = detail(p1, "where it goes in an empty call") as ProfileSummary | undefined;
  const emptyServer = numberOf(p1, "microseconds of the server's CPU an empty call");
  const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
  const server = micros["server"] ?? Number.NaN;
  return {
    title: "What a heartbeat costs, and where the time goes",
    plots: {},
    lines: [
      `At the top rate; ${rounded(numberOf(p1, "bytes of WAL a heartbeat"))} bytes of WAL each.`,
      "",
      ...table(
        ["", "µs of processor a heartbeat", "share"],
        Object.entries(micros).map(([who, value]) => [who, value, percent(value / all)]),
      ),
      ...(profile === undefined
        ? []
        : [
            "",
            "The server's part, sampled by V8's profiler in a run of its own, by whose code it is; and beside it an empty call's, so that the",
            "last column is where the time above the empty call goes:",
            "",
            ...table(
              ["", "share", "µs a heartbeat", "µs an empty call", "more"],
              Object.entries(profile.parts)
                .filter(([, share]) => share >= 0.005)
                .map(([part, share]) => {
                  const ofEmpty = (empty?.parts[part] ?? 0) * emptyServer;
                  return [part, percent(share), share * server, ofEmpty, share * server - ofEmpty];
                }),
            ),
            "",
            "The functions that took the most themselves:",
            "",
            ...table(
              ["", "share"],
              Object.entries(profile.functions).map(([name, share]) => [name, percent(share)]),
            ),
          ]),
      ...threeTransactions(figures),
    ],
  };
};

/** By how much the ratio to three transactions misses its target, and why. */
function threeTransactions(figures: Figures): string[] {
  const [p1, three] = ["P1", "P1-three-transactions"].map((id) => figures.get(id));
  if (p1 === undefined || three?.target === undefined || three.value >= three.target) {
    return [];
  }
  const perSecond = numberOf(three, "three-transaction heartbeats a second");
  const empty = numberOf(p1, "empty calls a second");
  return [
    "",
    `**Three transactions: ${rounded(three.value)} of ${rounded(three.target)}, ${rounded((1 - three.value / three.target) * 100)} % short.** The target applies to the database alone. Here every heartbeat is a gRPC call too, and`,
    `even the empty call, which does nothing at all, is made only ${rounded(empty / perSecond)} times as often as the heartbeat of three transactions (${rounded(empty)} against ${rounded(perSecond)} a`,
    "second): no way of writing heartbeats can be better than that. The tables above say what is left: TLS, HTTP/2 and gRPC.",
  ];
}

/** Throughput and latency against fleet size. */
export const growth: MakeSection = (figures) => {
  const p2 = figures.get("P2");
  if (p2 === undefined) {
    return undefined;
  }
  const megabytes = numberOf(p2, "megabytes of the large fleet's database");
  const sizes = detail(p2, "by fleet size") as { machines: number; perSecond: number; p99: number }[];
  return {
    title: "Heartbeats against fleet size",
    plots: {
      "fleet-size": plot({
        title: "Heartbeats a second against fleet size",
        x: "machines in the database",
        y: "heartbeats a second",
        logarithmic: true,
        series: [
          { name: "heartbeats", points: sizes.map(({ machines, perSecond }) => [machines, perSecond] as const) },
        ],
      }),
      "fleet-size-latency": plot({
        title: "Latency at full load (1,000 in flight) against fleet size",
        x: "machines in the database",
        y: "p99, ms",
        logarithmic: true,
        series: [{ name: "p99", points: sizes.map(({ machines, p99 }) => [machines, p99] as const) }],
      }),
    },
    lines: [
      `The heartbeats go over all machines in turn. ${rounded(sizes.at(-1)?.machines ?? Number.NaN)} machines are made by SQL in ${rounded(numberOf(p2, "seconds to make the large fleet by SQL"))} s. Of the updates`,
      `at that size, ${rounded(numberOf(p2, "share of HOT updates in the large fleet") * 100)} % were HOT: they stay on their page, and no index grows. (What an index holds of a heartbeat`,
      "changes every five minutes; over hours, with a heartbeat every 30 s, nine of ten are HOT.)",
      ...(Number.isNaN(megabytes) ? [] : [`The database takes ${rounded(megabytes / 1_000)} GB then.`]),
      "",
      ...table(
        ["machines", "heartbeats a second", "p99 at full load, ms"],
        sizes.map(({ machines, perSecond, p99 }) => [machines, perSecond, p99]),
      ),
      "",
      "![Heartbeats a second against fleet size](plots/fleet-size.svg)",
      "",
      "![Latency at full load against fleet size](plots/fleet-size-latency.svg)",
    ],
  };
};

/** The cost of several processes that share the ports. */
export const workers: MakeSection = (figures) => {
  const figure = figures.get("P13");
  if (figure === undefined) {
    return undefined;
  }
  const by = detail(figure, "by workers") as { workers: number; micros: number; perSecond: number }[];
  return {
    title: "Workers",
    plots: {
      workers: plot({
        title: "Processor time of a heartbeat against workers",
        x: "processes that share the port (farrier server --workers N)",
        y: "µs of the servers' processors",
        series: [{ name: "µs a heartbeat", points: by.map(({ workers: n, micros }) => [n, micros] as const) }],
      }),
    },
    lines: [
      "`farrier server --workers N`: what one heartbeat costs must hardly grow with N. The rate can't grow here, where two cores carry",
      "the load and the database too; with more cores each worker has one.",
      "",
      ...table(
        ["workers", "µs of server processor a heartbeat", "heartbeats a second, on the same cores"],
        by.map(({ workers: n, micros, perSecond }) => [n, micros, perSecond]),
      ),
      "",
      "![Processor time of a heartbeat against workers](plots/workers.svg)",
    ],
  };
};

/** From a request to its agent. */
export const push: MakeSection = (figures) => {
  const p4 = figures.get("P4");
  return p4 === undefined
    ? undefined
    : {
        title: "From a request to its agent",
        plots: {},
        lines: [
          `${rounded(numberOf(p4, "watching agents"))} agents watch and heartbeat, ${rounded(numberOf(p4, "requests a second"))} installations a second are asked for. The times go from the call to the agent's holding the request.`,
          "The floor, measured by turns with it: the same transaction, its NOTIFY heard by a bare client, and one message over an idle connection.",
          "",
          ...table(
            ["", "p50, ms", "p99, ms"],
            [
              ["request to its agent", numberOf(p4, "p50, ms"), numberOf(p4, "p99, ms")],
              ["the floor", numberOf(p4, "the floor's p50, ms"), numberOf(p4, "the floor's p99, ms")],
            ],
          ),
          "",
          `In both, ${rounded(numberOf(p4, "in both the operator's transaction, p50, ms"))} ms is the operator's own transaction (p50), on the disk before it is answered.`,
          `${rounded(numberOf(p4, "requests that arrived"))} of ${rounded(numberOf(p4, "requests"))} requests arrived over Watch.`,
        ],
      };
};

/** Claims and lists with a million machines. */
export const claims: MakeSection = (figures) => {
  const [p3, p6] = ["P3", "P6"].map((id) => figures.get(id));
  if (p3 === undefined || p6 === undefined) {
    return undefined;
  }
  const [small = Number.NaN, large = Number.NaN] = detail(p3, "machines in the small and the large fleet") as number[];
  return {
    title: "Claims and lists",
    plots: {},
    lines: [
      `A claim takes ${rounded(numberOf(p3, "p99 in the small fleet, ms"))} ms (p99) at ${rounded(small)} machines and ${rounded(numberOf(p3, "p99 in the large fleet, ms"))} ms at ${rounded(large)}, with ${rounded(numberOf(p3, "workers"))} workers at it on two cores; of`,
      `${rounded(numberOf(p3, "claims"))}, ${rounded(numberOf(p3, "machines held by two at once"))} were of a machine that another held. The first page of a list takes ${rounded(numberOf(p6, "p50, ms"))} ms (p50), ${rounded(numberOf(p6, "p99, ms"))} ms (p99),`,
      `over every combination of filter and order that the API offers; as many machines read by their ids take ${rounded(numberOf(p6, "read by their ids, p50, ms"))} ms and ${rounded(numberOf(p6, "read by their ids, p99, ms"))} ms.`,
    ],
  };
};

/** The effect of a storm of reconnects on connected agents. */
export const storm: MakeSection = (figures) => {
  const figure = figures.get("P12");
  if (figure === undefined) {
    return undefined;
  }
  interface Spread {
    calls: number;
    p50: number;
    p99: number;
    worst: number;
  }
  const before = detail(figure, "heartbeats of established agents before the storm, ms") as Spread;
  const paced = detail(figure, "the same while others reconnect one after the other, ms") as Spread;
  const during = detail(figure, "the same during the storm, ms") as Spread;
  return {
    title: "A storm of reconnects",
    plots: {},
    lines: [
      `${rounded(numberOf(figure, "agents that reconnect at once"))} agents lose their connections at one instant and come back at once. ${rounded(numberOf(figure, "seconds until all of them are back"))} s later all of them have their`,
      `first heartbeat answered; ${rounded(numberOf(figure, "tries that failed"))} tries failed. What ${rounded(numberOf(figure, "established agents"))} others see of it, who stay connected:`,
      "",
      ...table(
        ["their heartbeats", "p50, ms", "p99, ms", "worst, ms", "failed"],
        [
          ["before", before.p50, before.p99, before.worst, ""],
          [
            `while others reconnect, ${rounded(numberOf(figure, "of them a second"))} a second`,
            ...[paced.p50, paced.p99, paced.worst],
            "",
          ],
          [
            "during the storm",
            during.p50,
            during.p99,
            during.worst,
            numberOf(figure, "of those during the storm failed"),
          ],
        ],
      ),
      "",
      "The worst of it is the first moment, in which the ends of all the old connections are to be dealt with. After that, handshakes get some",
      "milliseconds of each turn of the event loop.",
    ],
  };
};

/** The readings of management controllers. */
export const servers: MakeSection = (figures) => {
  const [read, power] = ["P15", "P15-power"].map((id) => figures.get(id));
  if (read === undefined || power === undefined) {
    return undefined;
  }
  return {
    title: "Management controllers",
    plots: {},
    lines: [
      `A shepherd reads ${rounded(numberOf(read, "controllers"))} controllers in ${rounded(numberOf(read, "seconds a round, median"))} s with ${rounded(numberOf(read, "processor seconds a round, median"))} s of processor time; the controllers, simulated ones with TLS in one process, share its cores. Reading the power alone`,
      `is a login, one GET and a logout for all but 64 of them, whose sessions are kept: ${rounded(numberOf(read, "rounds that read the power alone: wall time as a ratio"))} times the wall time and ${rounded(numberOf(read, "rounds that read the power alone: processor time as a ratio"))} times the processor time of the GET by plain fetch.`,
      `At most ${rounded(numberOf(read, "most connections"))} connections were open. A machine that takes a second to switch on is recorded as on ${rounded(numberOf(power, "from request to powered on, ms, median"))} ms after the request; the bare calls take ${rounded(numberOf(power, "the bare calls, ms, median"))} ms.`,
      "In between are four transactions and the pauses between two readings, which grow by half each.",
    ],
  };
};
