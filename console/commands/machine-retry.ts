import { InstallationService } from "../../gen/farrier/operator/v1/installation_pb.ts";
import { machineNameOrId, type FormCommand } from "./command.ts";
import { prepare } from "./prepared.ts";

/** Repeats a failed or cancelled installation. */
export const retryForm: FormCommand = {
  title: "Retry the installation",
  icon: "recover",
  explains:
    "The request that failed or was cancelled is made again, as a new generation, with the same image and disk.",
  fields: [
    {
      name: "attempts",
      label: "Further tries after an error",
      kind: "text",
      hint: "0 to 100; the waits between them double from one minute.",
      problem: (value) => (/^(?:\d|[1-9]\d|100)$/u.test(value) ? undefined : "expected a number from 0 to 100"),
    },
  ],
  initial: () => ({ attempts: "0" }),
  button: (_, which) => `Install ${which} again`,
  prepare: (machine, { attempts = "0" }, requestId) =>
    prepare({
      machineId: machine.id,
      title: machineNameOrId(machine),
      method: InstallationService.method.installationRetry,
      message: {
        requestId,
        machine: machine.id,
        generation: machine.installation?.generation ?? 0n,
        ...(Number(attempts) === 0 ? {} : { retry: { attempts: Number(attempts) } }),
      },
      words: (message) => [
        ...["machine", "retry", machineNameOrId(machine), "--generation", String(message.generation)],
        ...(message.retry === undefined ? [] : ["--retry-attempts", String(message.retry.attempts)]),
        ...["--request-id", message.requestId],
      ],
      done: ({ generation }) => `generation ${generation} is requested`,
    }),
};
