-- oldest-binary: 52

-- Lists of machines at one location.
CREATE INDEX machine_provided_location ON machine_provided (provider_location) WHERE provider_location IS NOT NULL;
