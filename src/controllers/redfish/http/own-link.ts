import { printable } from "../../../lib/format/printable.ts";
import { ControllerError } from "../../controller.ts";

/**
 * Turns a link in an answer (`@odata.id`, Location, nextLink, a task) into a path on the controller's own origin. Of an
 * absolute link to the same host only the path counts, whatever its scheme and port: the request still goes to the
 * controller's given address. Pure.
 * @throws {ControllerError} `answer_invalid` for a link to another host
 */
export function ownLink(origin: URL, link: string): string {
  const own = ownLinkOrNone(origin, link);
  if (own === undefined) {
    throw new ControllerError(
      "answer_invalid",
      `an answer of ${origin.origin} has a link to another host, which is not followed: ${printable(link.slice(0, 200))}`,
    );
  }
  return own;
}

/** Like {@link ownLink}, but undefined for a link to another host, and for no link. Pure. */
export function ownLinkOrNone(origin: URL, link: string | undefined): string | undefined {
  const url = link === undefined || link.length > 2000 ? null : URL.parse(link, origin);
  return url === null || !/^https?:$/u.test(url.protocol) || url.hostname !== origin.hostname
    ? undefined
    : `${url.pathname}${url.search}`;
}
