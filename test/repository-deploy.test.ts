import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { createMetrics } from "../src/metrics/metrics.ts";
import { errorCode } from "../src/lib/errors.ts";

const run = promisify(execFile);
const deploy = new URL("../deploy/", import.meta.url);
const text = (name: string): Promise<string> => readFile(new URL(name, deploy), "utf8");

/** Every name that /metrics can show, those of histograms' series among them. */
async function metricNames(): Promise<Set<string>> {
  const metrics = await createMetrics().registry.getMetricsAsJSON();
  return new Set(
    metrics.flatMap(({ name, type }) =>
      String(type) === "histogram" ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

/** Names of ours and of the process in a PromQL expression; `up` and `time()` are Prometheus' own. */
function namesIn(expression: string): string[] {
  return expression.replaceAll(/"[^"]*"|'[^']*'/gu, "").match(/\b(?:farrier|process|nodejs)_[a-z0-9_]+\b/gu) ?? [];
}

/** As GitHub and most others make a heading's anchor. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/gu, "")
    .replaceAll(" ", "-");

interface Alert {
  name: string;
  expression: string;
  runbook: string;
}

async function alerts(): Promise<Alert[]> {
  const pattern =
    /- alert: (?<name>\w+)\n +expr: '(?<expression>(?:[^']|'')*)'\n(?:(?! +- alert).*\n)*? +runbook: (?<runbook>\S+)/gu;
  return [...(await text("alerts.yaml")).matchAll(pattern)].map(({ groups = {} }) => ({
    name: groups["name"] ?? "",
    expression: (groups["expression"] ?? "").replaceAll("''", "'"),
    runbook: groups["runbook"] ?? "",
  }));
}

test("every alert is read by these tests", async () => {
  const named = [...(await text("alerts.yaml")).matchAll(/- alert: (\w+)/gu)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(10);
  expect((await alerts()).map(({ name }) => name)).toEqual(named);
});

test("every alert has an entry of its own in the runbook, and the runbook no others", async () => {
  const operations = await readFile(new URL("../docs/operations/alerts.md", import.meta.url), "utf8");
  const headings = [...operations.matchAll(/^#{1,6} (?<heading>.+)$/gmu)].map(({ groups }) =>
    anchor(groups?.["heading"] ?? ""),
  );
  for (const { name, runbook } of await alerts()) {
    expect(runbook).toBe(`docs/operations/alerts.md#${anchor(name)}`);
    expect(headings.filter((heading) => heading === anchor(name))).toHaveLength(1);
  }
  const described = [...operations.matchAll(/^### (?<name>Farrier\w+)$/gmu)].map(({ groups }) => groups?.["name"]);
  expect(described).toEqual((await alerts()).map(({ name }) => name));
});

test("every metric that an alert asks for is there", async () => {
  const known = await metricNames();
  for (const { name, expression } of await alerts()) {
    const asked = namesIn(expression);
    expect([name, asked.filter((metric) => !known.has(metric))]).toEqual([name, []]);
    expect(asked.length > 0 || expression.startsWith("up{")).toBe(true);
  }
});

test("every metric that the dashboard asks for is there, and the dashboard shows every metric of ours", async () => {
  const known = await metricNames();
  const dashboard = JSON.parse(await text("grafana-dashboard.json")) as {
    panels: { title: string; type: string; targets?: { expr: string }[] }[];
  };
  const asked = dashboard.panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => namesIn(expr)));
  expect(asked.length).toBeGreaterThan(20);
  expect(asked.filter((name) => !known.has(name))).toEqual([]);
  const shown = new Set(asked.map((name) => name.replace(/_(?:bucket|sum|count)$/u, "")));
  const ours = createMetrics()
    .registry.getMetricsAsArray()
    .map(({ name }) => name)
    .filter((name) => name.startsWith("farrier_") && !name.endsWith("_timestamp_seconds"));
  expect(ours.filter((name) => !shown.has(name))).toEqual([]);
});

test("promtool finds the rules in order", async (context) => {
  try {
    const { stdout } = await run("promtool", ["check", "rules", fileURLToPath(new URL("alerts.yaml", deploy))]);
    expect(stdout).toContain("SUCCESS");
    await run("promtool", ["check", "config", "--syntax-only", fileURLToPath(new URL("prometheus.yaml", deploy))]);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") {
      throw error;
    }
    context.skip("promtool is not installed (Debian's package prometheus; deploy/install-promtool.sh)");
  }
});

/** Processes that stay, each with a unit of its own. */
const processes = ["up", "server", "shepherd", "netboot"];

describe("systemd units", async () => {
  const folder = await mkdtemp(join(tmpdir(), "farrier-units-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const units = await readdir(new URL("systemd/", deploy));

  test("there is one for every process of the control plane", async () => {
    const started = await Promise.all(
      units.map(
        async (unit) =>
          /^ExecStart=\/usr\/bin\/farrier (?<word>\S+)/mu.exec(await text(`systemd/${unit}`))?.groups?.["word"],
      ),
    );
    expect(new Set(started)).toEqual(new Set(processes));
  });

  test.each(units)("A16: %s starts a command that there is, and is kept to its own directory", async (unit) => {
    const lines = (await text(`systemd/${unit}`)).split("\n");
    const start = lines.find((line) => line.startsWith("ExecStart="));
    expect(start).toMatch(/^ExecStart=\/usr\/bin\/farrier \w+/u);
    const bin = fileURLToPath(new URL("../bin/farrier.js", import.meta.url));
    const command = start?.split(" ").slice(1) ?? [];
    // --help of that very command, after its flags have been looked at.
    const { stdout } = await run(process.execPath, [bin, ...command.slice(0, 1), "--help"]);
    for (const flag of command.filter((word) => word.startsWith("--"))) {
      expect(stdout).toContain(flag);
    }
    expect(lines).toEqual(
      expect.arrayContaining([
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "PrivateTmp=yes",
        "SystemCallFilter=@system-service",
        expect.stringMatching(/^SystemCallFilter=~@privileged @resources /u),
        expect.stringMatching(/^MemoryMax=[1-9]/u),
        expect.stringMatching(/^TasksMax=[1-9]/u),
      ]),
    );
  });

  test.each(units)("A16: %s is well hardened, and has no mistake, as systemd judges", async (unit) => {
    const path = fileURLToPath(new URL(`systemd/${unit}`, deploy));
    try {
      // Of 10; "OK" ends at 5. Fails above the threshold, which is ten times that.
      await run("systemd-analyze", ["security", "--offline=yes", "--threshold=15", path]);
      // The same unit with a program that is there.
      const unitText = (await text(`systemd/${unit}`)).replace(/^ExecStart=.*/mu, "ExecStart=/bin/true");
      await writeFile(join(folder, unit), unitText.replace(/^EnvironmentFile=.*/mu, ""));
      const { stderr } = await run("systemd-analyze", [
        "verify",
        "--recursive-errors=no",
        "--man=no",
        join(folder, unit),
      ]);
      expect(stderr.split("\n").filter((line) => line.includes(unit))).toEqual([]);
    } catch (error) {
      // Where there is no systemd, its judgement is missing; what the units say is looked at above.
      if (errorCode(error) !== "ENOENT") {
        throw error;
      }
    }
  });
});
