/**
 * How this program was typed: `npx farrier` in a checkout, where npx says so in the environment, or `farrier`. Pure.
 */
export function typedProgram(env: Readonly<Record<string, string | undefined>>): string {
  const byNpx = env["npm_lifecycle_event"] === "npx" && /^'?farrier'?$/u.test(env["npm_lifecycle_script"] ?? "");
  return byNpx ? "npx farrier" : "farrier";
}
