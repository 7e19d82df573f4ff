import { type Controller, ControllerError } from "../controllers/controller.ts";

/** Milliseconds that a login may take. */
const loginTime = 60_000;

/** Whether a controller accepts its client's password; `unknown` if it does not answer. */
export type LoginFound = "yes" | "no" | "unknown";

/** Tries whether a password logs in. The client that `make` returns stays open only if it does. */
export async function loginTry(
  make: () => Controller | Promise<Controller>,
  signal: AbortSignal = AbortSignal.timeout(loginTime),
): Promise<{ found: LoginFound; controller?: Controller }> {
  let controller: Controller | undefined;
  try {
    controller = await make();
    await controller.powerGet(signal);
    return { found: "yes", controller };
  } catch (error) {
    const code = error instanceof ControllerError ? error.code : undefined;
    // An account that must change its password, or has few rights, has logged in.
    if (controller !== undefined && (code === "password_change_required" || code === "forbidden")) {
      return { found: "yes", controller };
    }
    await controller?.[Symbol.asyncDispose]();
    return { found: code === "unauthorized" ? "no" : "unknown" };
  }
}

/**
 * Opens a controller whose password may have been changed or not, because a change of it broke off. The current one is
 * tried first; each is tried once, because controllers lock accounts.
 * @param either.accept records that the next password is the right one
 * @throws {ControllerError} `unauthorized` if neither logs in
 */
export async function loginEither(either: {
  current: () => Controller;
  next: () => Controller;
  accept: () => Promise<void>;
}): Promise<Controller> {
  const current = await loginTry(either.current);
  if (current.found !== "no") {
    return current.controller ?? either.current();
  }
  const next = await loginTry(either.next);
  switch (next.found) {
    case "yes":
      await either.accept();
      return next.controller ?? either.next();
    case "unknown":
      return either.next();
    case "no":
      throw new ControllerError(
        "unauthorized",
        "the controller refuses both passwords: the stored one, and what a change that broke off may have set. " +
          "Set one on the controller, and store it: `farrier credential rotate --help`",
      );
  }
}
