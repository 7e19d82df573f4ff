// One example of every RPC, in an order in which each works: docs/api.md shows them, and a test runs them against a server.

/** A call as docs/api.md shows it. */
export interface ApiExample {
  /** Full name of the RPC. */
  method: string;
  /** Its request as protobuf JSON. */
  request: Record<string, unknown>;
  /** What must be prepared before it, unless the earlier examples do that. */
  needs?: ExampleNeed;
}

/** What the test prepares before an example, because no operator can. */
export type ExampleNeed =
  /** web1's agent reported its hardware, twice. */
  | "hardware"
  /** web1's agent sent lines of its log. */
  | "log"
  /** Two agents wait for approval: one claims to be web1. */
  | "enrollments"
  /** A shepherd failed on web1. */
  | "backoff"
  /** web1 has a controller that credential rack7 opens. */
  | "controller"
  | "doubted"
  /** A browser is signed in; a code of `farrier console` can sign in another. */
  | "console"
  /** A server fetched image debian-13@1. */
  | "image"
  /** A machine web9 is there. */
  | "web9"
  /** web9 failed in rollout web-tonight. */
  | "rollout-failed";

const id = (last: number): string => `7f9c1a52-3d0e-4c8b-9a41-${String(last).padStart(12, "0")}`;
const machine = "web1";
const image = {
  url: "https://images.example.org/debian-13.raw.zst",
  digest: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  rootDisk: { serialNumber: "S3EVNX0K123456" },
};

/** In this order. */
export const apiExamples: readonly ApiExample[] = [
  { method: "farrier.operator.v1.AccessService/WhoAmI", request: {} },
  {
    method: "farrier.operator.v1.AccessService/TokenCreate",
    request: { requestId: id(1), name: "alice", role: "ROLE_OPERATOR", expiresInSeconds: "7776000" },
  },
  { method: "farrier.operator.v1.AccessService/TokenList", request: { pageSize: 10 } },
  {
    method: "farrier.operator.v1.MachineService/MachineAdd",
    request: {
      requestId: id(2),
      provider: "static",
      providerId: "rack7-12",
      name: machine,
      labels: { rack: "7" },
      smbiosUuid: "4c4c4544-0042-3010-8054-b7c04f4e3232",
      macs: ["52:54:00:12:34:56"],
    },
  },
  {
    method: "farrier.operator.v1.AgentKeyService/AgentRegister",
    request: { requestId: id(3), machine, publicKey: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=" },
  },
  {
    method: "farrier.operator.v1.MachineService/MachineList",
    request: { labels: { rack: "7" }, states: ["MACHINE_STATE_AWAITING_AGENT"], pageSize: 50 },
  },
  {
    method: "farrier.operator.v1.MachineService/MachineCount",
    request: { filter: { labels: { rack: "7" }, states: ["MACHINE_STATE_AWAITING_AGENT"] } },
  },
  { method: "farrier.operator.v1.MachineService/MachineShow", request: { machine } },
  { method: "farrier.operator.v1.MachineService/MachineExplain", request: { machine } },
  {
    method: "farrier.operator.v1.MachineService/MachineUpdate",
    request: { requestId: id(4), machine, setLabels: { role: "web" }, removeLabels: ["rack"] },
  },
  {
    method: "farrier.operator.v1.EnrollmentService/BootWindowOpen",
    request: { requestId: id(13), machine, seconds: 300 },
  },
  { method: "farrier.operator.v1.EnrollmentService/BootWindowClose", request: { requestId: id(14), machine } },
  { method: "farrier.operator.v1.EnrollmentService/EnrollmentList", request: {}, needs: "enrollments" },
  {
    method: "farrier.operator.v1.EnrollmentService/EnrollmentApprove",
    request: { requestId: id(15), key: "a1a1a1a1a1a1a1a1", machine, replace: true },
  },
  {
    method: "farrier.operator.v1.EnrollmentService/EnrollmentReject",
    request: { requestId: id(16), key: "b2b2b2b2b2b2b2b2" },
  },
  { method: "farrier.operator.v1.MachineService/MachineWatch", request: { includeExisting: true } },
  { method: "farrier.operator.v1.EventService/EventFollow", request: { fromStart: true, events: ["machine_*"] } },
  {
    method: "farrier.operator.v1.WebhookService/WebhookAdd",
    request: {
      requestId: id(901),
      name: "tickets",
      url: "https://tickets.example.org/farrier",
      events: ["installation_*", "agent_lost"],
    },
  },
  { method: "farrier.operator.v1.WebhookService/WebhookList", request: { pageSize: 10 } },
  { method: "farrier.operator.v1.WebhookService/WebhookShow", request: { name: "tickets" } },
  { method: "farrier.operator.v1.WebhookService/WebhookTest", request: { name: "tickets" } },
  { method: "farrier.operator.v1.WebhookService/WebhookDeadLetterList", request: { name: "tickets", pageSize: 10 } },
  {
    method: "farrier.operator.v1.WebhookService/WebhookRedeliver",
    request: { requestId: id(902), name: "tickets", eventIds: ["4711"] },
  },
  { method: "farrier.operator.v1.WebhookService/WebhookDelete", request: { requestId: id(903), name: "tickets" } },
  { method: "farrier.operator.v1.HardwareService/HardwareList", request: { machine }, needs: "hardware" },
  { method: "farrier.operator.v1.HardwareService/HardwareShow", request: { machine } },
  { method: "farrier.operator.v1.HardwareService/HardwareDiff", request: { machine, from: "1", to: "2" } },
  {
    method: "farrier.operator.v1.InstallationService/InstallationRequest",
    request: { requestId: id(5), machine, image },
  },
  { method: "farrier.operator.v1.InstallationService/InstallationList", request: { machine } },
  { method: "farrier.operator.v1.InstallationService/InstallationShow", request: { machine } },
  {
    method: "farrier.operator.v1.InstallationService/InstallationCancel",
    request: { requestId: id(6), machine, generation: "1", reason: "wrong image" },
  },
  {
    method: "farrier.operator.v1.InstallationService/InstallationRetry",
    request: { requestId: id(7), machine, generation: "1" },
  },
  {
    method: "farrier.operator.v1.CredentialService/CredentialCreate",
    request: {
      requestId: id(17),
      name: "rack7",
      kind: "STORED_CREDENTIAL_KIND_BMC",
      userName: "root",
      secret: "Y2FsdmluLTc=",
      allowed: ["10.1.7.0/24", "bmc7.example.net"],
    },
  },
  { method: "farrier.operator.v1.CredentialService/CredentialList", request: { pageSize: 50 } },
  {
    method: "farrier.operator.v1.CredentialService/CredentialRotate",
    request: { requestId: id(18), name: "rack7", secret: "Y2FsdmluLTg=" },
  },
  {
    method: "farrier.operator.v1.ControllerService/ControllerAdd",
    request: {
      requestId: id(30),
      url: "https://10.1.7.21",
      credential: "rack7",
      trust: { acceptNew: true },
    },
  },
  { method: "farrier.operator.v1.ControllerService/OperationShow", request: { operationId: id(30), waitSeconds: 0 } },
  { method: "farrier.operator.v1.ControllerService/ControllerList", request: { pageSize: 50 }, needs: "controller" },
  { method: "farrier.operator.v1.ControllerService/ControllerShow", request: { machine } },
  { method: "farrier.operator.v1.ControllerService/ControllerCheck", request: { requestId: id(31), machine } },
  {
    method: "farrier.operator.v1.ControllerService/MachinePower",
    request: { requestId: id(32), machine, command: "POWER_COMMAND_CYCLE", confirmed: true },
  },
  {
    method: "farrier.operator.v1.ControllerService/MachineBoot",
    request: { requestId: id(33), machine, target: "BOOT_TARGET_NETWORK", once: true },
  },
  {
    method: "farrier.operator.v1.ControllerService/MachineIdentify",
    request: { requestId: id(34), machine, on: true },
  },
  { method: "farrier.operator.v1.ControllerService/MachineStartAgent", request: { requestId: id(35), machine } },
  {
    method: "farrier.operator.v1.ControllerService/ControllerPassword",
    request: { requestId: id(37), machine },
  },
  { method: "farrier.operator.v1.ControllerService/ControllerRemove", request: { requestId: id(36), machine } },
  { method: "farrier.operator.v1.CredentialService/CredentialDelete", request: { requestId: id(19), name: "rack7" } },
  { method: "farrier.operator.v1.SecretsService/SecretsRotate", request: { requestId: id(20) } },
  { method: "farrier.operator.v1.SecretsService/SecretsShow", request: {} },
  { method: "farrier.operator.v1.ProviderService/ProviderList", request: {}, needs: "doubted" },
  { method: "farrier.operator.v1.ProviderService/ProviderShow", request: { provider: "rack-a" } },
  { method: "farrier.operator.v1.ProviderService/ProviderCheck", request: { requestId: id(41), provider: "rack-a" } },
  { method: "farrier.operator.v1.ProviderService/ProviderAccept", request: { requestId: id(42), provider: "rack-a" } },
  { method: "farrier.operator.v1.SecretsService/SecretsGiveUp", request: { requestId: id(38), confirmed: false } },
  { method: "farrier.operator.v1.FleetService/FleetSummary", request: {} },
  {
    method: "farrier.operator.v1.FleetService/FleetGroups",
    request: { by: "FLEET_GROUP_BY_LABEL", label: "rack" },
  },
  { method: "farrier.operator.v1.FleetService/SessionList", request: {} },
  { method: "farrier.operator.v1.FleetService/WorkList", request: { process: "ShepherdRecovery" } },
  { method: "farrier.operator.v1.FleetService/BackoffList", request: { machine }, needs: "backoff" },
  { method: "farrier.operator.v1.FleetService/BackoffClear", request: { requestId: id(8), machine } },
  {
    method: "farrier.operator.v1.MachineService/MachineQuarantine",
    request: { requestId: id(9), machine, reason: "smells of smoke" },
  },
  { method: "farrier.operator.v1.MachineService/MachineRelease", request: { requestId: id(10), machine } },
  { method: "farrier.operator.v1.MachineService/MachineHistory", request: { machine, pageSize: 20 } },
  { method: "farrier.operator.v1.MachineService/MachineLog", request: { machine, lines: 20 }, needs: "log" },
  { method: "farrier.operator.v1.MachineService/MachineDelete", request: { requestId: id(11), machine } },
  { method: "farrier.operator.v1.ConsoleService/ConsoleLinkCreate", request: { requestId: id(50) } },
  {
    method: "farrier.operator.v1.ConsoleService/ConsoleSessionStart",
    request: { linkCode: "o2Wf2m0r7Qx1v9bXkq3Tn5yLc8JdZs6HgAeRuPiMwYE" },
    needs: "console",
  },
  { method: "farrier.operator.v1.ConsoleService/ConsoleSessionList", request: { pageSize: 50 } },
  {
    method: "farrier.operator.v1.ConsoleService/ConsoleSessionEnd",
    request: { requestId: id(51), session: "3b1f0c7e-58d2-4f6a-8e19-2a7c4d9b6e05" },
  },
  { method: "farrier.operator.v1.AccessService/AuditList", request: { actor: "token", pageSize: 20 } },
  { method: "farrier.operator.v1.AccessService/TokenRevoke", request: { requestId: id(12), token: "alice" } },
  {
    method: "farrier.operator.v1.ImageService/ImageAdd",
    request: {
      requestId: id(60),
      name: "debian-13",
      url: "https://images.example.org/debian-13.raw.zst",
      digest: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    },
  },
  { method: "farrier.operator.v1.ImageService/ImageList", request: { pageSize: 50 } },
  { method: "farrier.operator.v1.ImageService/ImageShow", request: { image: "debian-13@1" } },
  {
    method: "farrier.operator.v1.ImageService/ImageTag",
    request: { requestId: id(61), image: "debian-13@1", tag: "stable" },
    needs: "image",
  },
  {
    method: "farrier.operator.v1.PolicyService/PolicySet",
    request: { requestId: id(72), name: "our-mirror", sources: ["https://images.example.org/", "*.cdn.example.org"] },
  },
  { method: "farrier.operator.v1.PolicyService/PolicyShow", request: {} },
  { method: "farrier.operator.v1.PolicyService/PolicyDelete", request: { requestId: id(73), name: "our-mirror" } },
  {
    method: "farrier.operator.v1.ProfileService/ProfileApply",
    request: {
      requestId: id(63),
      name: "web",
      spec: {
        image: "debian-13",
        rootDisk: { protocol: "PROTOCOL_NVME" },
        userData: "#cloud-config\nhostname: {{ machine.id | yaml }}\nfqdn: {{ values.domain | yaml }}\n",
        values: [{ name: "domain", default: "example.org" }],
      },
    },
  },
  { method: "farrier.operator.v1.ProfileService/ProfileList", request: { pageSize: 50 } },
  { method: "farrier.operator.v1.ProfileService/ProfileShow", request: { profile: "web@1" } },
  {
    method: "farrier.operator.v1.ProfileService/ProfileDiff",
    request: { profile: "web", spec: { image: "debian-13@1", rootDisk: { protocol: "PROTOCOL_NVME" } } },
  },
  {
    method: "farrier.operator.v1.ProfileService/ProfileRender",
    request: { profile: "web", machine: "web9", values: { domain: "example.net" } },
    needs: "web9",
  },
  {
    method: "farrier.operator.v1.RolloutService/RolloutCreate",
    request: {
      requestId: id(65),
      name: "web-tonight",
      profile: "web",
      values: { domain: "example.net" },
      machines: ["web9"],
      waves: [1, 0],
      parallel: 20,
      stopAfterPercent: 5,
      window: { from: "01:00", to: "05:00", timeZone: "Europe/Berlin" },
    },
  },
  {
    method: "farrier.operator.v1.RolloutService/RolloutReplan",
    request: { requestId: id(66), rollout: "web-tonight" },
  },
  {
    method: "farrier.operator.v1.RolloutService/RolloutMachineList",
    request: { rollout: "web-tonight", pageSize: 50 },
  },
  {
    method: "farrier.operator.v1.RolloutService/RolloutStart",
    request: { requestId: id(67), rollout: "web-tonight" },
  },
  { method: "farrier.operator.v1.RolloutService/RolloutList", request: { pageSize: 50 } },
  { method: "farrier.operator.v1.RolloutService/RolloutShow", request: { rollout: "web-tonight" } },
  {
    method: "farrier.operator.v1.RolloutService/RolloutPause",
    request: { requestId: id(68), rollout: "web-tonight" },
  },
  {
    method: "farrier.operator.v1.RolloutService/RolloutResume",
    request: { requestId: id(69), rollout: "web-tonight" },
  },
  {
    method: "farrier.operator.v1.RolloutService/RolloutRetryFailed",
    request: { requestId: id(70), rollout: "web-tonight" },
    needs: "rollout-failed",
  },
  {
    method: "farrier.operator.v1.RolloutService/RolloutCancel",
    request: { requestId: id(71), rollout: "web-tonight" },
  },
  {
    method: "farrier.operator.v1.RolloutService/RolloutDelete",
    request: { requestId: id(905), rollout: "web-tonight" },
  },
  { method: "farrier.operator.v1.ProfileService/ProfileDelete", request: { requestId: id(64), name: "web" } },
  {
    method: "farrier.operator.v1.ImageService/ImageDelete",
    request: { requestId: id(62), image: "debian-13@1" },
  },
];
