import { ControllerError, type ControllerErrorCode } from "../../controller.ts";
import type { RedfishService, Resource } from "../service.ts";

/** Maximum number of resources that one reading of a machine's health reads. */
const readsMost = 250;

/** Errors that end the reading. With all others, the affected part counts as unread. */
const ending: ReadonlySet<ControllerErrorCode> = new Set([
  "unreachable",
  "untrusted",
  "address_refused",
  "credential_unusable",
  "unauthorized",
  "password_change_required",
]);

/** The reads of one reading of a machine's health, of a bounded number. Parts that can't be read are noted. */
export class HealthReads {
  readonly service: RedfishService;
  readonly signal: AbortSignal;
  readonly #unread: string[] = [];
  #left = readsMost;

  constructor(service: RedfishService, signal: AbortSignal) {
    this.service = service;
    this.signal = signal;
  }

  /** What could not be read, without repetitions. */
  get unread(): readonly string[] {
    return [...new Set(this.#unread)];
  }

  /** A resource; undefined if the controller does not have it, or once too many were read. */
  async find(link: string | undefined): Promise<Resource | undefined> {
    if (link === undefined) {
      return undefined;
    }
    if (this.#left <= 0) {
      this.#unread.push(`parts beyond the first ${readsMost}`);
      return undefined;
    }
    this.#left -= 1;
    return this.service.find(link, this.signal);
  }

  /** The members of the collection at this link that can be read; none if there is no collection. */
  async members(link: string | undefined, most: number): Promise<readonly Resource[]> {
    const found: Resource[] = [];
    const links =
      (await this.find(link)) === undefined ? [] : await this.service.members(link ?? "", this.signal, most);
    for (const member of links) {
      const resource = await this.find(member);
      if (resource !== undefined) {
        found.push(resource);
      }
    }
    return found;
  }

  /** The result of `action`, or `otherwise` if the controller fails at it: `name` is then unread. */
  async part<Value>(name: string, otherwise: Value, action: () => Promise<Value>): Promise<Value> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof ControllerError) || ending.has(error.code)) {
        throw error;
      }
      this.#unread.push(name);
      return otherwise;
    }
  }
}
