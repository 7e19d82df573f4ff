import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { pageScripts } from "./page-scripts.ts";

// The default export that Vite requires.
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/console/",
  plugins: [react(), tailwindcss(), pageScripts()],
  // The package names its production build nowhere; its other build checks each route and warns.
  resolve: {
    alias: [
      {
        find: /^react-router$/u,
        replacement: fileURLToPath(new URL("../production/index.mjs", import.meta.resolve("react-router"))),
      },
    ],
  },
  build: {
    outDir: fileURLToPath(new URL("../dist/console", import.meta.url)),
    emptyOutDir: true,
    // Browsers of the last years: `light-dark()`, `@layer` and modules are left as they are.
    target: "es2023",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    cssCodeSplit: false,
    // The polyfill is an inline script, which the Content-Security-Policy forbids.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // A page's file is named after its folder.
        chunkFileNames: ({ facadeModuleId, name }) =>
          `assets/${/\/pages\/(?<page>[\w-]+)\/Page\.tsx$/u.exec(facadeModuleId ?? "")?.groups?.["page"] ?? name}-[hash].js`,
        // One file for what every page needs, because requests count more than bytes: libraries, and small things of which each
        // would be a file of its own where two pages share it.
        codeSplitting: {
          groups: [
            {
              name: "base",
              test: /\/console\/(?:main\.tsx|routes\.tsx|layout\/(?!Palette|Keys)|api\/|live\/)|node_modules\/(?:react|react-dom|scheduler|react-router|@bufbuild|@connectrpc|@tanstack)\/|\/src\/(?:lib\/format\/|contract\/words\/(?:machine-state|phase|role|table)\.ts)|\/console\/commands\/(?:activity|allowed|command-names|open-command|selection|use-role)\.ts|\/console\/ui\/(?:Bar|Button|Chip|CopyButton|EmptyState|ErrorBox|Field|Icon|Skeleton|Table|Tooltip)\.tsx|\/console\/parts\/(?:Age|Bytes|CliCopy|Digest|ForeignText|MachineStateBadge|ProgressBar|RpcError)\.tsx/u,
            },
          ],
        },
      },
    },
  },
});
