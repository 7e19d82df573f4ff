import type pg from "pg";
import { addressHosts, type DatabaseAddress } from "../address/database-address.ts";
import { defined } from "../../lib/defined.ts";

/**
 * The node-postgres configuration for an address with Farrier's settings. The URL's `options` come first, so Farrier's
 * settings win.
 */
export function clientConfig<Settings extends pg.ClientConfig>(
  address: DatabaseAddress,
  settings: Settings,
): Settings & pg.ClientConfig {
  if (!("hosts" in address)) {
    return { ...settings, ...address };
  }
  const { user, password, database, ssl, channelBinding } = address;
  const [first] = addressHosts(address);
  const options = [address.options, settings.options].filter((each) => each !== undefined && each !== "").join(" ");
  return {
    ...settings,
    ...first,
    ...defined({ user, password, database }),
    ...(options === "" ? {} : { options }),
    ssl,
    enableChannelBinding: channelBinding,
  };
}
