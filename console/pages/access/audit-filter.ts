/** What the audit is filtered by; "" filters nothing. */
export interface AuditFilter {
  /** Name or UUID. */
  machine: string;
  /** An operator's name. */
  actor: string;
}

/** The filter in an address. Pure. */
export function auditFilterOf(search: URLSearchParams): AuditFilter {
  return { machine: search.get("machine") ?? "", actor: search.get("actor") ?? "" };
}

/** The address's parameters of a filter. Pure. */
export function auditSearch({ machine, actor }: AuditFilter): Record<string, string> {
  return { tab: "audit", ...(machine === "" ? {} : { machine }), ...(actor === "" ? {} : { actor }) };
}
