// The only place where addresses of the console are made. All are below /console, which the router adds.

/** What stands before all of them. */
export const consoleBase = "/console";

/** The tabs of a machine's page. */
export const machineTabs = ["timeline", "installation", "hardware", "log", "controller", "everything"] as const;

/** One tab of a machine's page. */
export type MachineTab = (typeof machineTabs)[number];

/** What the list of machines shows; a field that is absent filters nothing. */
export interface MachinesFilter {
  /** Words of states, such as "agent-lost". */
  states?: readonly string[] | undefined;
  /** KEY=VALUE. */
  labels?: readonly string[] | undefined;
  providers?: readonly string[] | undefined;
  /** The beginning of the name. */
  name?: string | undefined;
  /** Free text. */
  search?: string | undefined;
  /** Where the provider says that they are, exactly. */
  location?: string | undefined;
  /** "yes" = only machines whose deadline has passed. */
  overdue?: "yes" | undefined;
  /** name, state, since, created or id; a leading "-" turns it round. */
  order?: string | undefined;
}

/** Addresses of pages. */
export const paths = {
  overview: () => "/",
  machines: (filter: MachinesFilter = {}) =>
    `/machines${query({
      state: filter.states,
      label: filter.labels,
      provider: filter.providers,
      name: filter.name,
      search: filter.search,
      location: filter.location,
      overdue: filter.overdue,
      order: filter.order,
    })}`,
  /** @param machine name or UUID */
  machine: (machine: string, tab?: MachineTab) =>
    `/machines/${encodeURIComponent(machine)}${tab === undefined ? "" : `/${tab}`}`,
  /** The dialog that asks for an installation, on the machine's page. */
  install: (machine: string) => `/machines/${encodeURIComponent(machine)}?install`,
  /** An entry of a machine's timeline, by its time. */
  timelineEntry: (machine: string, entry: string) =>
    `/machines/${encodeURIComponent(machine)}/timeline#${encodeURIComponent(entry)}`,
  installations: (states: readonly string[] = []) => `/installations${query({ state: states })}`,
  rollouts: () => "/rollouts",
  /** The dialog that plans a rollout. */
  rolloutNew: () => "/rollouts?new",
  rollout: (rollout: string) => `/rollouts/${encodeURIComponent(rollout)}`,
  approvals: () => "/approvals",
  images: () => "/images",
  /** @param image its name in the catalogue */
  image: (image: string) => `/images/${encodeURIComponent(image)}`,
  profiles: () => "/profiles",
  profile: (profile: string) => `/profiles/${encodeURIComponent(profile)}`,
  /** The editor of a new profile. */
  profileNew: () => "/profiles?new",
  /** The editor of a profile. */
  profileEdit: (profile: string) => `/profiles/${encodeURIComponent(profile)}?edit`,
  providers: () => "/providers",
  work: () => "/work",
  access: () => "/access",
  /** @param webhook the one whose dead letters are listed */
  webhooks: (webhook?: string) => `/access${query({ tab: "webhooks", webhook })}`,
  metrics: () => "/metrics",
  /** @param to the address to go to afterwards */
  signIn: (to?: string) => `/sign-in${query({ to })}`,
} as const;

function query(fields: Readonly<Record<string, string | readonly string[] | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(fields)) {
    for (const one of typeof value === "string" ? [value] : (value ?? [])) {
      parameters.append(key, one);
    }
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}
