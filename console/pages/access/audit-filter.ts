import { AuditResult } from "../../../gen/farrier/operator/v1/access_pb.ts";

/** The results that can be asked for, as they stand in an address. */
export const auditResults = ["", "done", "refused"] as const;

/** What the audit is filtered by; "" filters nothing. */
export interface AuditFilter {
  /** Name or UUID. */
  machine: string;
  /** An operator's name. */
  actor: string;
  /** An RPC's name, such as MachineAdd. */
  method: string;
  result: (typeof auditResults)[number];
}

/** The filter that shows everything. */
export const auditAll: AuditFilter = { machine: "", actor: "", method: "", result: "" };

/** The filter in an address. Pure. */
export function auditFilterOf(search: URLSearchParams): AuditFilter {
  const result = auditResults.find((word) => word === search.get("result")) ?? "";
  const text = (name: string): string => search.get(name) ?? "";
  return { machine: text("machine"), actor: text("actor"), method: text("method"), result };
}

/** The address's parameters of a filter. Pure. */
export function auditSearch(filter: AuditFilter): Record<string, string> {
  return { tab: "audit", ...Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== "")) };
}

/** The filter as the API takes it. Pure. */
export function auditRequest({ machine, actor, method, result }: AuditFilter): {
  machine: string;
  actor: string;
  methods: string[];
  result: AuditResult;
} {
  const results = { "": AuditResult.UNSPECIFIED, done: AuditResult.OK, refused: AuditResult.REFUSED };
  return { machine, actor, methods: method === "" ? [] : [method], result: results[result] };
}
