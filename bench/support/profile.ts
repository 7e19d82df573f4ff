import { Session, type Profiler } from "node:inspector/promises";

/** Where a process' processor time was spent; shares of the time in which it was not idle. */
export interface ProfileSummary {
  /** By owner of the code, greatest first. */
  parts: Record<string, number>;
  /** The functions with the most time of their own. */
  functions: Record<string, number>;
}

const told = 12;
/** The profiler's names for time outside functions, with their meaning. */
const withoutFile = new Map([
  ["(garbage collector)", "garbage collection"],
  ["(program)", "the runtime's native code: reading sockets, decrypting, parsing HTTP/2"],
]);

/** Begins to sample this process; the returned function ends that and returns the summary. */
export async function profileStart(): Promise<() => Promise<ProfileSummary>> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  return async () => {
    const { profile } = await session.post("Profiler.stop");
    session.disconnect();
    return profileSummary(profile);
  };
}

const root = new URL("../../", import.meta.url).href;

/** The owner of a file's code, by its URL. Pure. */
export function partOf(url: string): string {
  // Only within the checkout, whose own path may contain any of these names.
  const path = url.startsWith(root) ? url.slice(root.length) : "";
  const ours = /^(?<folder>src\/[a-z-]+|bench|gen)\//u.exec(path)?.groups?.["folder"];
  const library = /\/node_modules\/(?<name>(?:@[^/]+\/)?[^/]+)\//u.exec(url)?.groups?.["name"];
  if (library !== undefined) {
    return library.startsWith("pg") ? "pg, the PostgreSQL driver" : library;
  }
  if (
    /^node:(?:_?http2|_?tls|net|_?stream|internal\/(?:http2|tls|streams?|stream_base_commons|js_stream))/u.test(url)
  ) {
    return "Node: HTTP/2, TLS and streams";
  }
  return url.startsWith("node:") ? "Node: timers, events and the rest" : (ours ?? "the rest");
}

/** Sums up a profile: a native function's time counts for its caller. Pure. */
export function profileSummary(profile: Profiler.Profile): ProfileSummary {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const names = new Map<number, { part: string; name: string }>();
  for (const node of profile.nodes) {
    let from: Profiler.ProfileNode | undefined = node;
    while (from !== undefined && from.callFrame.url === "") {
      const parent = parents.get(from.id);
      from = parent === undefined ? undefined : nodes.get(parent);
    }
    const { functionName } = node.callFrame;
    const part = withoutFile.get(functionName) ?? (from === undefined ? "the rest" : partOf(from.callFrame.url));
    names.set(node.id, { part, name: `${functionName === "" ? "(unnamed)" : functionName}, ${part}` });
  }
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of (profile.samples ?? []).entries()) {
    const took = profile.timeDeltas?.[index + 1] ?? 0;
    const found = names.get(id);
    if (found === undefined || nodes.get(id)?.callFrame.functionName === "(idle)") {
      continue;
    }
    busy += took;
    parts.set(found.part, (parts.get(found.part) ?? 0) + took);
    functions.set(found.name, (functions.get(found.name) ?? 0) + took);
  }
  const shares = (of: Map<string, number>, most: number): Record<string, number> =>
    Object.fromEntries(
      [...of]
        .toSorted((a, b) => b[1] - a[1])
        .slice(0, most)
        .map(([name, took]) => [name, took / busy]),
    );
  return { parts: shares(parts, parts.size), functions: shares(functions, told) };
}
