import { CodedError } from "../lib/errors.ts";

/** The kinds of errors of the listener for reports: the address can't be listened on. */
export type CameUpErrorCode = "address_unusable";

/** An error of the listener for reports, with what to do. */
export class CameUpError extends CodedError<CameUpErrorCode> {}
