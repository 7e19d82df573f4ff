-- oldest-binary: 10

-- The address by which the controllers of the provider's machines fetch boot media, and their firmware an HTTP boot, as its configuration
-- says. NULL: as the server of boot media says.
ALTER TABLE provider ADD COLUMN media_url text;
