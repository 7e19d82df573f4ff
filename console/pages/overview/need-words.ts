import { FleetNeedKind } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { paths } from "../../paths.ts";
import type { Tone } from "../../ui/Chip.tsx";
import type { IconName } from "../../ui/Icon.tsx";

/** What is said of something that waits for somebody, and where it is seen. */
export interface NeedWords {
  /** After the number, as in "3 agents wait for approval". */
  one: string;
  many: string;
  /** What to do about it. */
  todo: string;
  to: string;
  icon: IconName;
  tone: Tone;
}

type KnownNeed = Exclude<FleetNeedKind, 0>;

const words: Record<KnownNeed, NeedWords> = {
  [FleetNeedKind.NO_SHEPHERD]: {
    one: "machine waits for a shepherd, and none is running",
    many: "machines wait for a shepherd, and none is running",
    todo: "Start one: farrier shepherd",
    to: paths.work(),
    icon: "warning",
    tone: "bad",
  },
  [FleetNeedKind.DEADLINE_MISSED]: {
    one: "machine has missed its deadline",
    many: "machines have missed their deadline",
    todo: "Open one: it explains what it waits for",
    to: paths.machines({ overdue: "yes", order: "since" }),
    icon: "clock",
    tone: "bad",
  },
  [FleetNeedKind.INSTALL_FAILED]: {
    one: "installation has failed",
    many: "installations have failed",
    todo: "See them by error, and retry",
    to: paths.installations(["failed"]),
    icon: "cross",
    tone: "bad",
  },
  [FleetNeedKind.SILENT]: {
    one: "installed system has not reported that it came up",
    many: "installed systems have not reported that they came up",
    todo: "Open one: it has what is known",
    to: paths.machines({ states: ["silent"], order: "since" }),
    icon: "warning",
    tone: "bad",
  },
  [FleetNeedKind.AGENT_LOST]: {
    one: "machine's agent is silent",
    many: "machines' agents are silent",
    todo: "See whether a shepherd can start another",
    to: paths.machines({ states: ["agent-lost"], order: "since" }),
    icon: "unplugged",
    tone: "bad",
  },
  [FleetNeedKind.ENROLLMENT]: {
    one: "agent waits for approval",
    many: "agents wait for approval",
    todo: "Approve or reject",
    to: paths.approvals(),
    icon: "user",
    tone: "warn",
  },
  [FleetNeedKind.PROVIDER_UNREACHABLE]: {
    one: "provider can't be listed",
    many: "providers can't be listed",
    todo: "See why, and look again",
    to: paths.providers(),
    icon: "network",
    tone: "bad",
  },
  [FleetNeedKind.PROVIDER_HELD]: {
    one: "provider's list is not believed",
    many: "providers' lists are not believed",
    todo: "See what has changed, and accept it if it is true",
    to: paths.providers(),
    icon: "warning",
    tone: "warn",
  },
  [FleetNeedKind.CONTROLLER_FAILING]: {
    one: "management controller can't be used",
    many: "management controllers can't be used",
    todo: "See why",
    to: paths.providers(),
    icon: "unplugged",
    tone: "warn",
  },
  [FleetNeedKind.UNHEALTHY]: {
    one: "machine reports parts that are not healthy",
    many: "machines report parts that are not healthy",
    todo: "See which",
    to: paths.providers(),
    icon: "warning",
    tone: "warn",
  },
  [FleetNeedKind.QUARANTINED]: {
    one: "machine is in quarantine",
    many: "machines are in quarantine",
    todo: "Release each when its cause is gone",
    to: paths.machines({ states: ["quarantined"], order: "since" }),
    icon: "lock",
    tone: "idle",
  },
};

/** The words of a kind; undefined for one of a later server. Pure. */
export function needWords(kind: FleetNeedKind): NeedWords | undefined {
  return (words as Partial<Record<number, NeedWords>>)[kind];
}
