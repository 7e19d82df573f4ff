// `npm run bench -- [NAME…] [--json] [--write]`: all benchmarks, or the named ones; --write writes their results into
// docs/performance.md, and keeps those of the others.
import { benchClaim } from "./claim.ts";
import { benchConsole } from "./console.ts";
import { benchFleetSize } from "./fleet-size.ts";
import { benchHeartbeat } from "./heartbeat.ts";
import { benchImages } from "./images.ts";
import { benchInstall } from "./install.ts";
import { benchInstalled } from "./installed.ts";
import { benchLab } from "./lab.ts";
import { benchOperator } from "./operator.ts";
import { benchReconnect } from "./reconnect.ts";
import { benchRollout } from "./rollout.ts";
import { benchServers } from "./servers.ts";
import { benchStorm } from "./storm.ts";
import { benchTemplates } from "./templates.ts";
import { documentWrite } from "./support/document.ts";
import { reported } from "./support/report.ts";
import { scale } from "./support/scale.ts";
import { benchWatch } from "./watch.ts";
import { benchWorkers } from "./workers.ts";

const benchmarks: Record<string, (options: { json: boolean }) => Promise<void>> = {
  heartbeat: benchHeartbeat,
  "fleet-size": benchFleetSize,
  claim: benchClaim,
  operator: async (options) => {
    await benchOperator(options);
    await benchInstalled(options);
  },
  watch: benchWatch,
  reconnect: benchReconnect,
  storm: benchStorm,
  install: async (options) => {
    await benchInstall(options);
    await benchLab(options);
  },
  images: benchImages,
  rollout: async (options) => {
    await benchTemplates(options);
    await benchRollout(options);
  },
  workers: benchWorkers,
  servers: benchServers,
  console: benchConsole,
};

const flags = new Set(["--json", "--write"]);
const json = process.argv.includes("--json");
const named = process.argv.slice(2).filter((argument) => !flags.has(argument));
for (const name of named) {
  if (benchmarks[name] === undefined) {
    process.stderr.write(`there is no benchmark "${name}": expected ${Object.keys(benchmarks).join(", ")}\n`);
    process.exit(2);
  }
}
if (process.argv.includes("--write") && scale !== 1) {
  process.stderr.write("--write is of a run at full size: unset FARRIER_BENCH_SCALE\n");
  process.exit(2);
}
for (const [name, benchmark] of Object.entries(benchmarks)) {
  if (named.length === 0 || named.includes(name)) {
    await benchmark({ json });
  }
}
if (process.argv.includes("--write")) {
  await documentWrite(reported);
}
