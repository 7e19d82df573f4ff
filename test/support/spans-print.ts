// For `node --import`: where OpenTelemetry's optional packages are not installed, stands in for them, and prints each ended
// span on standard output as "span: JSON". What makes the spans is Farrier's own code.
import { registerHooks } from "node:module";

const parts: Readonly<Record<string, string>> = {
  "@opentelemetry/sdk-trace-node": `
    import { trace } from "@opentelemetry/api";
    class Span {
      constructor(name, options) { this.told = { name, ...options, set: {} }; }
      spanContext() { return { traceId: "1".repeat(32), spanId: "1".repeat(16), traceFlags: 1 }; }
      setAttribute(name, value) { this.told.set[name] = value; return this; }
      setStatus(status) { this.told.status = status; return this; }
      end() { process.stdout.write("span: " + JSON.stringify(this.told) + "\\n"); }
    }
    export class ConsoleSpanExporter {}
    export class BatchSpanProcessor {}
    export class NodeTracerProvider {
      register() { trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: (name, options) => new Span(name, options) }) }); }
      forceFlush() { return Promise.resolve(); }
      shutdown() { return Promise.resolve(); }
    }`,
  "@opentelemetry/resources": `
    export const defaultResource = () => ({ merge: (other) => other });
    export const resourceFromAttributes = (attributes) => attributes;`,
};

registerHooks({
  resolve: (name, context, next) => {
    const source = parts[name];
    return source === undefined
      ? next(
          name,
          context.parentURL?.startsWith("spans:") === true ? { ...context, parentURL: import.meta.url } : context,
        )
      : { url: new URL(`spans:${name}`).href, format: "module", shortCircuit: true };
  },
  load: (url, context, next) => {
    const source = url.startsWith("spans:") ? parts[url.slice("spans:".length)] : undefined;
    return source === undefined ? next(url, context) : { format: "module", source, shortCircuit: true };
  },
});
