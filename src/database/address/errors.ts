import { CodedError } from "../../lib/errors.ts";

/** A database URL that can't be used. */
export class AddressError extends CodedError<"address"> {
  constructor(message: string, options?: { cause?: unknown }) {
    super("address", message, options);
  }
}
