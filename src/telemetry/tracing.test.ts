import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { recordingLog } from "../../test/support/recording-log.ts";
import { silent } from "../../test/support/fleet.ts";
import { tracingStart } from "./tracing.ts";

const run = promisify(execFile);

describe("nothing of OpenTelemetry is loaded", () => {
  test.each<[string, Record<string, string>]>([
    ["without its variables", {}],
    ["with empty ones", { OTEL_EXPORTER_OTLP_ENDPOINT: "", OTEL_TRACES_EXPORTER: "" }],
    ["where it is disabled", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318", OTEL_SDK_DISABLED: "true" }],
    [
      "where no exporter is configured",
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318", OTEL_TRACES_EXPORTER: "none" },
    ],
    ["with variables of others", { OTEL_SERVICE_NAME: "x" }],
  ])("%s", async (_what, env) => {
    const loaded: string[] = [];
    const load = async (name: string): Promise<unknown> => loaded.push(name);
    expect(await tracingStart({ env, log: silent, load })).toBeUndefined();
    expect(loaded).toEqual([]);
  });

  test("by a process with all of the server's modules", async () => {
    const hooks = `import { registerHooks } from "node:module";
      registerHooks({ resolve(name, context, next) {
        // The library of the metrics has the API, which does nothing by itself, for what its callers may trace.
        if (name.startsWith("@opentelemetry/") && name !== "@opentelemetry/api") process.stdout.write(name + "\\n");
        return next(name, context);
      } });
      const { tracingStart } = await import(${JSON.stringify(new URL("tracing.ts", import.meta.url).href)});
      await import(${JSON.stringify(new URL("../main/server.ts", import.meta.url).href)});
      await tracingStart({ env: process.env, log: console });
      process.stdout.write("done");`;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OTEL_")));
    const look = (more: Record<string, string>): Promise<string> =>
      run(process.execPath, ["--input-type=module", "--eval", hooks], { env: { ...env, ...more } }).then(
        ({ stdout }) => stdout,
      );
    expect(await look({})).toBe("done");
    // That it would have been seen.
    expect(await look({ OTEL_TRACES_EXPORTER: "console" })).toContain("@opentelemetry/sdk-trace-node");
  });
});

test("where its packages are not installed the log says what to install, and the server goes on", async () => {
  const { log, lines } = recordingLog();
  const load = (name: string): Promise<unknown> => Promise.reject(new Error(`Cannot find package '${name}'`));
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318" };
  expect(await tracingStart({ env, log, load })).toBeUndefined();
  expect(JSON.stringify(lines)).toContain(
    "npm install @opentelemetry/api @opentelemetry/sdk-trace-node @opentelemetry/exporter-trace-otlp-proto",
  );
});
