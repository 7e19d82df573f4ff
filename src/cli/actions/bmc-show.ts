import { type Controller, ControllerShowResponseSchema } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { bootTargetWords, powerCommandWords } from "../../contract/words/power.ts";
import { wordOf } from "../../contract/words/table.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";
import { when } from "../show/describe.ts";
import { powerText } from "../show/health-lines.ts";

/** Flags of `farrier bmc show`. */
export type BmcShowFlags = ClientFlags;

/** `farrier bmc show` */
export async function bmcShowAction(this: CliContext, flags: BmcShowFlags, machine: string): Promise<void> {
  const { controllers } = await operatorClient(flags, this.process.env);
  const message = await controllers.controllerShow({ machine });
  const { controller } = message;
  if (controller === undefined) {
    throw new CliError("failed", "the control plane's answer has no controller: is it of another version?");
  }
  answer(this, flags, {
    schema: ControllerShowResponseSchema,
    message,
    names: () => [controller.machineId],
    text: ({ now }) => controllerLines(controller, now).join(""),
  });
}

function controllerLines(controller: Controller, now: Date): string[] {
  const { power, failure } = controller;
  const line = (title: string, value: string): string => (value === "" ? "" : `${title.padEnd(16)}${value}\n`);
  return [
    line("machine", controller.machineName || controller.machineId),
    line("controller", controller.url),
    line("system", controller.system),
    line("credential", controller.credential),
    line("certificate", trustText(controller)),
    line("maker", [controller.maker, controller.model].filter((word) => word !== "").join(" ")),
    line("firmware", controller.firmware),
    line("power", power === undefined ? "" : powerText(power, now)),
    line("can", controller.powerCommands.map((command) => wordOf(powerCommandWords, command) ?? "?").join(", ")),
    line("boots from", controller.bootTargets.map((target) => wordOf(bootTargetWords, target) ?? "?").join(", ")),
    line("virtual media", controller.virtualMedia ? "yes" : "no"),
    line("HTTP boot by URL", controller.httpBoot ? "yes" : "no"),
    controller.mayControl ? "" : line("rights", "the account may only look"),
    line("maker's rules", controller.rules.join(", ")),
    line("answered", when(controller.contactAt, now)),
    line("trouble", failure === undefined ? "" : `${failure.cause} (${when(failure.at, now)})`),
    line("added", `${when(controller.setAt, now)} by ${controller.setBy}`),
  ];
}

function trustText({ trust }: Controller): string {
  switch (trust?.by.case) {
    case "sha256":
      return `SHA-256 ${Buffer.from(trust.by.value).toString("hex")}`;
    case "caPem":
      return "vouched for by a CA of its own";
    case "system":
      return "vouched for by a CA of the shepherd's system";
    case "clearText":
      return "none: clear text";
    case "acceptNew":
    case undefined:
      return "";
  }
}
