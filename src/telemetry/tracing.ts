import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";

/** Exports a span for each operator call; disposing sends the waiting ones. */
export interface Tracing extends AsyncDisposable {
  interceptor: Interceptor;
}

/** Optional packages, which only installations with tracing need. */
const packages = ["@opentelemetry/sdk-trace-node", "@opentelemetry/exporter-trace-otlp-proto"] as const;

// The parts of OpenTelemetry's API that are used here: its packages are optional, so their types may be missing.
interface Span {
  setAttribute(name: string, value: string): void;
  setStatus(status: { code: number; message?: string }): void;
  end(): void;
}
interface Api {
  ROOT_CONTEXT: unknown;
  propagation: { extract(context: unknown, carrier: Record<string, string>): unknown };
  trace: {
    getTracer(name: string): {
      startSpan(name: string, options: { kind: number; attributes: Record<string, string> }, context: unknown): Span;
    };
    setSpan(context: unknown, span: Span): unknown;
  };
  context: { with<T>(context: unknown, action: () => T): T };
}
type Maker = new (options?: unknown) => unknown;
interface Provider {
  register(): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** SpanKind.SERVER, SpanStatusCode.OK and .ERROR of OpenTelemetry's API. */
const [serverKind, statusOk, statusError] = [1, 1, 2];

/**
 * Starts tracing if OpenTelemetry's variables ask for it (OTEL_EXPORTER_OTLP_ENDPOINT, or its form for traces;
 * OTEL_TRACES_EXPORTER: otlp or console). Otherwise nothing is loaded. If its packages are not installed, the log says
 * so and the server runs without traces.
 */
export async function tracingStart(options: {
  env: Readonly<Record<string, string | undefined>>;
  log: Logger;
  /** How a package is loaded; tests replace it. */
  load?: (name: string) => Promise<unknown>;
}): Promise<Tracing | undefined> {
  const { env, log, load = (name: string): Promise<unknown> => import(name) } = options;
  const kind = exporterKind(env);
  if (kind === undefined) {
    return undefined;
  }
  try {
    const sdk = (await load(packages[0])) as Record<string, Maker>;
    const resources = (await load("@opentelemetry/resources")) as {
      defaultResource(): { merge(other: unknown): unknown };
      resourceFromAttributes(attributes: Record<string, string>): unknown;
    };
    const api = (await load("@opentelemetry/api")) as Api;
    const exporter =
      kind === "console"
        ? make(sdk["ConsoleSpanExporter"])
        : make(((await load(packages[1])) as Record<string, Maker>)["OTLPTraceExporter"]);
    const name = env["OTEL_SERVICE_NAME"] || "farrier";
    const provider = make(sdk["NodeTracerProvider"], {
      resource: resources.defaultResource().merge(resources.resourceFromAttributes({ "service.name": name })),
      spanProcessors: [make(sdk["BatchSpanProcessor"], exporter)],
    }) as Provider;
    provider.register();
    log.info({ exporter: kind }, "operators' calls are traced");
    return {
      interceptor: traceInterceptor(api),
      [Symbol.asyncDispose]: async () => {
        await provider.shutdown().catch((error: unknown) => {
          log.warn({ error: describeError(error) }, "the last traces could not be sent");
        });
      },
    };
  } catch (error) {
    log.error(
      { error: describeError(error), install: `npm install @opentelemetry/api ${packages.join(" ")}` },
      "traces are asked for, but can't be made: install what makes them, or unset OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_TRACES_EXPORTER",
    );
    return undefined;
  }
}

/**
 * The exporter that the variables choose.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
function exporterKind(env: Readonly<Record<string, string | undefined>>): "otlp" | "console" | undefined {
  const exporter = env["OTEL_TRACES_EXPORTER"] || undefined;
  const endpoint = env["OTEL_EXPORTER_OTLP_ENDPOINT"] || env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
  if (env["OTEL_SDK_DISABLED"] === "true" || exporter === "none") {
    return undefined;
  }
  if (exporter === "console") {
    return "console";
  }
  return exporter !== undefined || (endpoint !== undefined && endpoint !== "") ? "otlp" : undefined;
}

function make(maker: Maker | undefined, options?: unknown): unknown {
  if (maker === undefined) {
    throw new Error("OpenTelemetry's packages are of another version than 2");
  }
  return new maker(options);
}

function traceInterceptor(api: Api): Interceptor {
  const tracer = api.trace.getTracer("farrier");
  return (next) => async (request) => {
    const parent = api.propagation.extract(api.ROOT_CONTEXT, Object.fromEntries(request.header.entries()));
    const service = request.service.typeName;
    const attributes = { "rpc.system": "connect_rpc", "rpc.service": service, "rpc.method": request.method.name };
    const span = tracer.startSpan(`${service}/${request.method.name}`, { kind: serverKind, attributes }, parent);
    try {
      const response = await api.context.with(api.trace.setSpan(parent, span), () => next(request));
      span.setStatus({ code: statusOk });
      return response;
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      span.setAttribute("rpc.connect_rpc.error_code", Code[code] ?? "");
      span.setStatus({ code: statusError, message: rawMessage });
      throw error;
    } finally {
      span.end();
    }
  };
}
