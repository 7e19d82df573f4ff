import type { FetchLimits, HttpAnswer } from "./http-answer.ts";
import type { Tries } from "./tries.ts";

/** Makes the request, and reports if the answer takes long. */
export async function noticed(
  tries: Tries,
  shown: string,
  { notice, answer }: FetchLimits,
  open: () => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  const timer = setTimeout(
    () => tries.waiting(`${shown} has not answered for ${notice / 1000} s`, answer - notice),
    notice,
  );
  try {
    return await open();
  } finally {
    clearTimeout(timer);
  }
}
