import type { Plugin } from "rolldown";

/**
 * Node's modules of which an import as an ECMAScript module costs much more than the module: it reads all exports at
 * once, and `WebSocket` of `node:http` loads a whole HTTP client (20 ms of processor time), `rootCertificates` of
 * `node:tls` all of the root certificates.
 */
const costly = ["crypto", "http", "http2", "https", "tls", "zlib"] as const;
type Costly = (typeof costly)[number];

const prefix = "\0builtin:";

/**
 * Makes a bundle take Node's modules export by export.
 * @param when "start": the modules are loaded when the bundle starts; "use": each at the first call of one of its
 * functions, so that a module that is not needed is never loaded. With "use", exports that are neither functions nor
 * objects can't be imported
 */
export function builtinModules(when: "start" | "use"): Plugin {
  return {
    name: "Node's modules export by export",
    resolveId: (source, _importer, { kind }) => {
      const name = source.replace(/^node:/u, "");
      // `require` reads no exports.
      return kind !== "require-call" && (costly as readonly string[]).includes(name) ? prefix + name : null;
    },
    load: (id) => (id.startsWith(prefix) ? moduleCode(id.slice(prefix.length) as Costly, when) : null),
  };
}

function moduleCode(name: Costly, when: "start" | "use"): string {
  const names = Object.getOwnPropertyDescriptors(process.getBuiltinModule(`node:${name}`));
  const lines = Object.entries(names).flatMap(([key, { value }]) => {
    if (when === "start") {
      return [`export const ${key} = /* @__PURE__ */ (() => builtin.${key})();`];
    }
    const kind = typeof value;
    if (kind === "function" && !/^[A-Z]/u.test(key)) {
      return [`export const ${key} = (...given) => builtin().${key}(...given);`];
    }
    return kind === "function" || kind === "object" ? [`export const ${key} = /* @__PURE__ */ late("${key}");`] : [];
  });
  return [
    when === "start"
      ? `const builtin = process.getBuiltinModule("node:${name}");\nexport default builtin;`
      : `const builtin = () => process.getBuiltinModule("node:${name}");\n${lateCode}`,
    ...lines,
    "",
  ].join("\n");
}

/** Stands for a class or an object until it is used. */
const lateCode = `const late = (key) => new Proxy(function () {}, {
  get: (_, name) => builtin()[key][name],
  construct: (_, given) => Reflect.construct(builtin()[key], given),
});`;
