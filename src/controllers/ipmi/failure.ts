import { ControllerError } from "../controller.ts";

/** How a failed call of ipmitool ended. */
export interface IpmiEnd {
  stdout: string;
  stderr: string;
  tooLong: boolean;
  timedOut: boolean;
}

/** Maximum length of ipmitool's messages in an error, in characters: they come from the network. */
const textLimit = 400;
/** Messages that ipmitool prints besides the cause of a failure. */
const harmless = /IANA PEN registry|Running Get .* my_addr|^Invalid completion code received|^Discovered IPMB/iu;

/**
 * Classifies a failed call of ipmitool. Its exit status does not distinguish a wrong password from other refusals of a
 * session, only its messages do (src/plugins/lanplus of ipmitool 1.8.19). Pure.
 */
export function ipmiFailure(
  { stdout, stderr, tooLong, timedOut }: IpmiEnd,
  { ip, port }: { ip: string; port: number },
): ControllerError {
  const where = `${ip}, port ${port}`;
  if (tooLong) {
    return new ControllerError("answer_invalid", `${where} answers without end`);
  }
  const words = `${stderr}\n${stdout}`
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !harmless.test(line));
  const text = words
    .join("; ")
    .replaceAll(/[^\x20-\x7e]/gu, "?")
    .slice(0, textLimit);
  if (
    /invalid (?:authentication|integrity|confidentiality) algorithm|algorithm 0x[0-9a-f]+ is not what we requested|no matching cipher/iu.test(
      text,
    )
  ) {
    return new ControllerError("unsupported", `${where} does not know this cipher suite`);
  }
  // The word password in it says nothing of the login.
  if (/Set User Password command failed/u.test(text)) {
    return passwordFailure(text, where);
  }
  if (
    /RAKP 2 HMAC is invalid|RAKP 2 message indicates an error : unauthorized name|password|Invalid user name/iu.test(
      text,
    )
  ) {
    return new ControllerError("unauthorized", `${where} refuses user name and password`);
  }
  if (/insufficient (?:privilege|role)|privilege level|Insufficient/iu.test(text)) {
    return new ControllerError("forbidden", `the account's rights on ${where} do not suffice: ${text}`);
  }
  if (
    /no response from remote|Unable to establish|Get Auth Capabilities error|Close Session|timeout/iu.test(text) ||
    timedOut
  ) {
    return new ControllerError(
      "unreachable",
      `${where} does not answer as an IPMI controller: ${text || "nothing was said"}`,
    );
  }
  if (/Invalid command|Command not supported|Invalid data field|not supported/iu.test(text)) {
    return new ControllerError("unsupported", `${where} has no such function: ${text}`);
  }
  if (/Node busy|Out of space|no resources/iu.test(text)) {
    return new ControllerError("busy", `${where} is busy: ${text}`);
  }
  return new ControllerError("refused", `${where} refused: ${text || "it did not say why"}`);
}

/** A completion code is a refusal, unless it says that the controller does not know the outcome (IPMI 2.0, table 5-2). */
function passwordFailure(text: string, where: string): ControllerError {
  const [, code] = /IPMI command failed: (?<code>[^;]+)/u.exec(text) ?? [];
  return code === undefined || /^(?:Timeout|Response cannot|Unspecified)/u.test(code)
    ? new ControllerError("unreachable", `${where} does not say whether it has set the new password: ${text}`)
    : new ControllerError("refused", `${where} refused the new password: ${code}`);
}
