DROP TABLE machine_netboot;
DROP FUNCTION smbios_swapped(uuid);
CREATE OR REPLACE FUNCTION machine_by_identity(smbios uuid, macs macaddr[]) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN count(*) = 1 THEN (array_agg(c.machine_id))[1] END
    FROM (
        SELECT u.machine_id FROM machine_smbios u WHERE u.smbios_uuid = smbios
        UNION SELECT k.machine_id FROM machine_mac k WHERE k.mac = ANY (macs)
    ) c
    WHERE NOT EXISTS (SELECT FROM machine_smbios u WHERE u.machine_id = c.machine_id AND u.smbios_uuid <> smbios)
        AND (
            cardinality(macs) = 0
            OR NOT EXISTS (SELECT FROM machine_mac k WHERE k.machine_id = c.machine_id)
            OR EXISTS (SELECT FROM machine_mac k WHERE k.machine_id = c.machine_id AND k.mac = ANY (macs))
        )
$$;
DROP TABLE shared_smbios;
DROP TABLE shared_mac;
