-- oldest-binary: 10

-- The machine ran something when Farrier first saw it, or later without Farrier having started it: it is left as it is, also when it is
-- off for a while, until somebody allows otherwise (machine_start_allowed, or its provider's autostart).
CREATE TABLE machine_found_running (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    found_at timestamptz NOT NULL DEFAULT now(),
    -- controller, or the provider's name.
    found_by text NOT NULL
);

-- Whether agents are started on the provider's machines whatever runs there, as its configuration says.
ALTER TABLE provider ADD COLUMN autostart boolean NOT NULL DEFAULT false;

CREATE FUNCTION start_allowed(machine uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN EXISTS (SELECT FROM machine_start_allowed l WHERE l.machine_id = machine)
    OR EXISTS (
        SELECT FROM machine_provided p JOIN provider v ON v.provider = p.provider WHERE p.machine_id = machine AND v.autostart
    );

-- A registered key says nothing of what runs on the machine: what is allowed by an agent is allowed where it enrols from a network boot
-- (by the program), and where it has begun to write the disk.
DROP TRIGGER machine_start_allow ON machine_agent_started;
CREATE OR REPLACE FUNCTION machine_start_allow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO machine_start_allowed (machine_id, allowed_by) VALUES (NEW.machine_id, 'its installation')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER machine_start_allow AFTER INSERT ON machine_disk_begun
    FOR EACH ROW EXECUTE FUNCTION machine_start_allow();
CREATE TRIGGER machine_start_allow AFTER INSERT ON machine_os_installed
    FOR EACH ROW EXECUTE FUNCTION machine_start_allow();
