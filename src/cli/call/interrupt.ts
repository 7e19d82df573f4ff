/** The exit status of a command that was interrupted, as shells have it: 128 and SIGINT's number. */
export const interruptedStatus = 130;

/** Waits for something until Ctrl-C is pressed: a second one ends the process at once. */
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
