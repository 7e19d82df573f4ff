-- oldest-binary: 10

-- What more than one machine has, so that it tells none of them: a controller's USB port, with one MAC on all boards of its maker; a
-- UUID that a maker gave to a series. Noted when an operator lets the second one in. Small, and read whole by every node.
CREATE TABLE shared_mac (
    mac macaddr PRIMARY KEY,
    noted_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE shared_smbios (
    smbios_uuid uuid PRIMARY KEY,
    noted_at timestamptz NOT NULL DEFAULT now()
);

-- The one machine that a caller with this SMBIOS UUID (NULL = it says none) and these MACs can be: something that both
-- sides know agrees, and nothing that both sides know disagrees. MACs that several machines have count on neither side. NULL where there
-- is none, or more than one.
CREATE OR REPLACE FUNCTION machine_by_identity(smbios uuid, macs macaddr[]) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    WITH own AS (
        SELECT t.mac FROM unnest(macs) t (mac) WHERE NOT EXISTS (SELECT FROM shared_mac s WHERE s.mac = t.mac)
    )
    SELECT CASE WHEN count(*) = 1 THEN (array_agg(c.machine_id))[1] END
    FROM (
        SELECT u.machine_id FROM machine_smbios u WHERE u.smbios_uuid = smbios
        UNION SELECT k.machine_id FROM machine_mac k WHERE k.mac IN (SELECT own.mac FROM own)
    ) c
    WHERE NOT EXISTS (SELECT FROM machine_smbios u WHERE u.machine_id = c.machine_id AND u.smbios_uuid <> smbios)
        AND (
            NOT EXISTS (SELECT FROM own)
            OR NOT EXISTS (
                SELECT FROM machine_mac k WHERE k.machine_id = c.machine_id
                    AND NOT EXISTS (SELECT FROM shared_mac s WHERE s.mac = k.mac)
            )
            OR EXISTS (SELECT FROM machine_mac k WHERE k.machine_id = c.machine_id AND k.mac IN (SELECT own.mac FROM own))
        )
$$;

-- A UUID whose first three fields are in the other byte order, as some controllers and old firmware write it.
CREATE FUNCTION smbios_swapped(smbios uuid) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
AS $$
    SELECT (
        substr(h, 7, 2) || substr(h, 5, 2) || substr(h, 3, 2) || substr(h, 1, 2) || substr(h, 11, 2) || substr(h, 9, 2)
        || substr(h, 15, 2) || substr(h, 13, 2) || substr(h, 17)
    )::uuid FROM replace(smbios::text, '-', '') h
$$;

-- How far a machine's boots from the network came since its last agent: told to start the agent, sent all of the initramfs (which it
-- fetches after the kernel), sent the configuration (which it fetches last).
CREATE TABLE machine_netboot (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE RESTRICT,
    since timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    asked integer NOT NULL DEFAULT 0,
    loaded integer NOT NULL DEFAULT 0,
    configured integer NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
