/** The exit status of an interrupted command, as shells define it: 128 plus the number of SIGINT. */
export const interruptedStatus = 130;

/** Waits for `work` until Ctrl-C is pressed. A second Ctrl-C ends the process at once. */
export async function untilInterrupted<T>(work: Promise<T>): Promise<T | "interrupted"> {
  const pressed = Promise.withResolvers<"interrupted">();
  const listener = (): void => pressed.resolve("interrupted");
  process.once("SIGINT", listener);
  try {
    return await Promise.race([work, pressed.promise]);
  } finally {
    process.off("SIGINT", listener);
  }
}
