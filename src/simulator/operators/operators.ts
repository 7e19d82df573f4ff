import { uuidOfText } from "../../lib/format/uuid.ts";
import { Code, ConnectError, createClient, type Client, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AgentKeyService } from "../../../gen/farrier/operator/v1/agent_pb.ts";
import { InstallationService } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { MachineService } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import { retryDelay } from "../../lib/retry.ts";

/** The operator API of one control plane. */
export interface OperatorApi {
  machines: Client<typeof MachineService>;
  installations: Client<typeof InstallationService>;
  agents: Client<typeof AgentKeyService>;
}

/** Calls the operator API until it answers. */
export interface Operators {
  /**
   * Calls, and repeats the call, perhaps elsewhere, if no answer came; so a command must have a request id.
   * @throws {ConnectError} a refusal by the control plane, or the last failure after `patience`
   */
  call<Answer>(use: (api: OperatorApi) => Promise<Answer>): Promise<Answer>;
}

/** Milliseconds for a call, and for all tries of one. */
const callTimeout = 20_000;
const patience = 120_000;
const backoff = { initial: 250, maximum: 5_000, factor: 2 };

/** These codes are answers; any other failure may be the connection's. */
const answers = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.PermissionDenied,
  Code.FailedPrecondition,
  Code.Unimplemented,
  Code.Unauthenticated,
]);

/** Makes the client. It stays with the first URL that answers. */
export function operatorsConnect(options: {
  urls: readonly string[];
  token: string;
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
  /** Called for each try after the first. */
  retried: () => void;
}): Operators {
  const { clock, signal } = options;
  const withToken: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${options.token}`);
    return next(request);
  };
  const apis = options.urls.map((baseUrl): OperatorApi => {
    const transport = createConnectTransport({
      httpVersion: "1.1",
      baseUrl,
      useBinaryFormat: true,
      defaultTimeoutMs: callTimeout,
      interceptors: [withToken],
    });
    return {
      machines: createClient(MachineService, transport),
      installations: createClient(InstallationService, transport),
      agents: createClient(AgentKeyService, transport),
    };
  });
  let turn = 0;
  return {
    call: async (use) => {
      const end = clock.monotonic() + patience;
      for (let attempt = 0; ; attempt += 1) {
        const mine = turn;
        try {
          // There is at least one: optionsCheck.
          return await use(apis[mine % apis.length] as OperatorApi);
        } catch (error) {
          if (answers.has(ConnectError.from(error).code) || clock.monotonic() > end || signal.aborted) {
            throw error;
          }
          options.retried();
          // Of several concurrent failures, only one moves on to the next URL.
          turn = turn === mine ? mine + 1 : turn;
          await clock.sleep(retryDelay(backoff, attempt, options.random), signal).catch(() => undefined);
        }
      }
    },
  };
}

/** A UUID derived from the words, so that a repeated command is recognised. */
export function uuidOf(...words: readonly (string | number)[]): string {
  return uuidOfText(words.join(" "));
}

/** True if the control plane refused a command because of the machine's state. */
export function isRefused(error: unknown): boolean {
  return ConnectError.from(error).code === Code.FailedPrecondition;
}

/** True if something of that name exists already. */
export function isThere(error: unknown): boolean {
  const { code } = ConnectError.from(error);
  return code === Code.AlreadyExists || code === Code.FailedPrecondition;
}
