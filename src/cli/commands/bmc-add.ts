import { buildCommand } from "@stricli/core";
import type { BmcAddFlags } from "../actions/bmc-add.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { requiredFlag, switchFlag, textFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const bmcAddCommand = buildCommand<BmcAddFlags, [string], CliContext>({
  docs: docs(
    "Add a management controller, and the machine that it belongs to",
    "Reads a management controller (BMC) and makes its machine known, or joins it to the machine with the same SMBIOS UUID and MACs. " +
      "Nothing secret is sent before its certificate is accepted. A machine that has power is left as it is, unless you say --start-agent.",
    [
      "farrier bmc add https://10.0.8.21 --credential rack-b12 --name web1",
      "farrier bmc add https://10.0.8.22 --credential rack-b12 --name web2 --accept-new",
      "farrier bmc add ipmi://10.0.8.23 --credential old --machine web3 --clear-text",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      credential: requiredFlag("Credential of the controller, of kind bmc", "NAME"),
      name: textFlag("A name for the machine, where it is a new one", "NAME"),
      machine: textFlag("The machine that it belongs to (default: the one with its UUID and MACs)", "ID"),
      system: textFlag("Which of the controller's systems, where it has several", "ID"),
      fingerprint: textFlag("SHA-256 of the controller's certificate", "HEX"),
      acceptNew: switchFlag("Accept the certificate that the controller shows now, and only that one later"),
      ca: textFlag("CAs that vouch for the controller's certificate, PEM", "FILE"),
      systemCas: switchFlag("Trust the CAs of the shepherd's system"),
      clearText: switchFlag("Send the password without TLS: needed for http:// and ipmi://"),
      startAgent: switchFlag("Switch the machine off and start an agent, whatever runs on it"),
      bootBy: textFlag(
        "How agents are started: controller-network, controller-media, controller-http or auto (default: auto)",
        "MEANS",
      ),
      requestId: requestIdFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "https://HOST, http://HOST or ipmi://HOST",
          placeholder: "URL",
          parse: (value: string): string => value,
        },
      ],
    },
  },
  loader: async () => (await import("../actions/bmc-add.ts")).bmcAddAction,
});
