import { printable } from "../../../lib/format/printable.ts";
import { ControllerError } from "../../controller.ts";

/**
 * A link of an answer (`@odata.id`, Location, nextLink, a task) as a path on the controller's own origin. An absolute link
 * to the same host is taken by its path, whatever scheme and port it names: the request still goes to the controller. Pure.
 * @throws {ControllerError} `answer_invalid` for everything that leads elsewhere
 */
export function ownLink(origin: URL, link: string): string {
  const url = URL.parse(link, origin);
  if (url === null || !/^https?:$/u.test(url.protocol) || url.hostname !== origin.hostname || link.length > 2000) {
    throw new ControllerError(
      "answer_invalid",
      `an answer of ${origin.origin} has a link to another host, which is not followed: ${printable(link.slice(0, 200))}`,
    );
  }
  return `${url.pathname}${url.search}`;
}
