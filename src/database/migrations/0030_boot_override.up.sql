-- oldest-binary: 10

-- The machine's controller may send it to the network: a start of an agent has set a boot override, or an installation has ended and nobody
-- has looked since. The row goes when the controller shows that there is no override, or that the disk is first.
CREATE TABLE machine_boot_override (
    machine_id uuid PRIMARY KEY REFERENCES machine_controller (machine_id) ON DELETE CASCADE,
    -- Another one with each start and installation: a removal that began before them does not end this row.
    version uuid NOT NULL DEFAULT gen_random_uuid(),
    since timestamptz NOT NULL DEFAULT now(),
    -- When a shepherd removes it, or tries again.
    clear_at timestamptz NOT NULL DEFAULT now(),
    -- The shepherd that removes it now; a start waits for that.
    session_id uuid REFERENCES sessions (session_id) ON DELETE SET NULL,
    -- Removals that failed in a row, since when, and what the last one said.
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failed_at timestamptz,
    failed_cause text,
    CHECK ((failures = 0) = (failed_at IS NULL) AND (failures = 0) = (failed_cause IS NULL))
);
CREATE INDEX machine_boot_override_clear ON machine_boot_override (clear_at);
CREATE INDEX machine_boot_override_session ON machine_boot_override (session_id) WHERE session_id IS NOT NULL;

CREATE FUNCTION machine_boot_override_due(machine uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO machine_boot_override (machine_id)
    SELECT c.machine_id FROM machine_controller c WHERE c.machine_id = machine
    ON CONFLICT (machine_id) DO UPDATE SET version = excluded.version, since = now(), clear_at = now(),
        failures = 0, failed_at = NULL, failed_cause = NULL
$$;

-- An installed machine boots from its disk, whatever its controller was told before.
CREATE FUNCTION machine_installed_boot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM machine_boot_override_due(NEW.machine_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER machine_installed_boot AFTER INSERT OR UPDATE ON machine_os_installed
    FOR EACH ROW EXECUTE FUNCTION machine_installed_boot();
