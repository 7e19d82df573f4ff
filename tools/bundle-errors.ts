import type { Plugin } from "rolldown";

/** Source files of which all bundles must share one copy, by their path under src/. */
const shared = ["lib/errors", "cli/errors"] as const;

/**
 * Keeps the error classes out of a bundle in `dist/src/main`: one part throws them and another catches them by class,
 * so there may be only one copy.
 */
export function errorsOutside(): Plugin {
  return {
    name: "one class of each error",
    async resolveId(source, importer) {
      if (!source.endsWith("/errors.ts") || importer === undefined) {
        return null;
      }
      const resolved = await this.resolve(source, importer, { skipSelf: true });
      const found = shared.find((place) => resolved?.id.endsWith(`/src/${place}.ts`) === true);
      return found === undefined ? null : { id: `../${found}.js`, external: true };
    },
  };
}
