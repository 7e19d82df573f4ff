-- oldest-binary: 25

-- A check of virtual media that was killed leaves its medium in the controller: a shepherd ejects it. Two checks of one machine never run
-- at the same time, so that its row is kept until its medium is known to be gone.
ALTER TABLE machine_medium_test
    -- Where the controller has it, if it said so.
    ADD COLUMN slot text,
    -- When a shepherd ejects it, or tries again, if the check is over. A shepherd that ejects it puts this off.
    ADD COLUMN clear_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0);

-- What starts have left in the controller besides the override: a virtual medium, the URL of an HTTP boot.
ALTER TABLE machine_boot_override ADD COLUMN ways text[] NOT NULL DEFAULT '{}' CHECK (ways <@ ARRAY['medium', 'http']);
