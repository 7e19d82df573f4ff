import type { Plugin, Rolldown } from "vite";

const base = "/console/";
/** As index.html has it: after what says how its text is to be read, and before the script that reads it. */
const empty = '<meta name="page-scripts" content="{}" />';

/** Puts the names of each page's scripts into the document, where `public/before.js` looks for them. */
export function pageScripts(): Plugin {
  return {
    name: "page-scripts",
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle }) =>
        html.replace(empty, () => {
          const scripts = JSON.stringify(scriptsOfPages(bundle ?? {}));
          return empty.replace("{}", scripts.replaceAll('"', "&quot;"));
        }),
    },
  };
}

/** The addresses of the scripts that each page needs besides those that every page needs, by the name of its folder. Pure. */
function scriptsOfPages(bundle: Rolldown.OutputBundle): Record<string, string[]> {
  const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
  const shell = new Set(chunks.filter(({ isEntry }) => isEntry).flatMap(({ fileName }) => closure(bundle, fileName)));
  return Object.fromEntries(
    chunks.flatMap(({ facadeModuleId, fileName }) => {
      const page = /\/pages\/(?<page>[\w-]+)\/Page\.tsx$/u.exec(facadeModuleId ?? "")?.groups?.["page"];
      const own = closure(bundle, fileName).filter((name) => !shell.has(name));
      return page === undefined ? [] : [[page, own.map((name) => `${base}${name}`)]];
    }),
  );
}

/** A script and all that it imports before it runs. Pure. */
function closure(bundle: Rolldown.OutputBundle, first: string): string[] {
  const found = new Set([first]);
  for (const name of found) {
    const file = bundle[name];
    (file?.type === "chunk" ? file.imports : []).forEach((next) => found.add(next));
  }
  return [...found];
}
