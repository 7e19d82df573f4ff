// `npm run bench -- [NAME…] [--json]`: the benchmarks of PERFORMANCE, all of them or the named ones.
import { benchClaim } from "./claim.ts";
import { benchFleetSize } from "./fleet-size.ts";
import { benchHeartbeat } from "./heartbeat.ts";
import { benchWatch } from "./watch.ts";

const benchmarks: Record<string, (options: { json: boolean }) => Promise<void>> = {
  heartbeat: benchHeartbeat,
  "fleet-size": benchFleetSize,
  claim: benchClaim,
  watch: benchWatch,
};

const json = process.argv.includes("--json");
const named = process.argv.slice(2).filter((argument) => argument !== "--json");
for (const name of named) {
  if (benchmarks[name] === undefined) {
    process.stderr.write(`there is no benchmark "${name}": expected ${Object.keys(benchmarks).join(", ")}\n`);
    process.exit(2);
  }
}
for (const [name, benchmark] of Object.entries(benchmarks)) {
  if (named.length === 0 || named.includes(name)) {
    await benchmark({ json });
  }
}
