import type pg from "pg";
import { addressHosts, type DatabaseAddress } from "../address/database-address.ts";

/** How node-postgres is told of an address, with settings of ours; those of the URL's `options` come first, so ours hold. */
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
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    ...(options === "" ? {} : { options }),
    ssl,
    enableChannelBinding: channelBinding,
  };
}
