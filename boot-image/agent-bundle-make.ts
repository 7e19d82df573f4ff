import { rolldown } from "rolldown";
import { builtinModules } from "./builtin-modules.ts";

/** A bundle, and what it still imports. */
export interface AgentBundle {
  code: string;
  /** The imports left in it: Node's own modules. */
  imports: string[];
  /** Paths of the files in it. */
  files: string[];
}

/** Bundles `entry` and everything that it imports into one ECMAScript module. */
export async function agentBundleMake(entry: string): Promise<AgentBundle> {
  await using bundle = await rolldown({
    input: entry,
    platform: "node",
    logLevel: "silent",
    plugins: [builtinModules("start")],
  });
  const { output } = await bundle.generate({ format: "esm", codeSplitting: false, comments: false });
  const [chunk, ...others] = output;
  if (others.length > 0) {
    throw new Error(`the agent's bundle has ${output.length} files, expected one`);
  }
  // What is loaded late lies in the same file, and is told as an import of that.
  const late = chunk.dynamicImports.filter((name) => name !== chunk.fileName);
  return { code: chunk.code, imports: [...chunk.imports, ...late], files: chunk.moduleIds };
}
