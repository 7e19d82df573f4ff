import { networkConfigLimit } from "../../contract/network/network-config.ts";
import { networkConfigParse } from "../../contract/network/network-parse.ts";
import { text } from "./validate.ts";

/** A machine's network as an operator gives it; "" = none. */
export const networkField = text(networkConfigLimit).superRefine((value, context) => {
  const config = value.trim() === "" ? undefined : networkConfigParse(value);
  if (config !== undefined && "problem" in config) {
    context.addIssue({ code: "custom", message: config.problem });
  }
});
