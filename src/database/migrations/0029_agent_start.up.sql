-- oldest-binary: 10

-- The latest start of an agent: by which means, why by that one, and how far it has come.
CREATE TABLE machine_start (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    means text NOT NULL,
    why text NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    -- What is done or waited for, in the means' own words.
    step text NOT NULL,
    step_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
) WITH (fillfactor = 80);

-- What the last of the failed starts said.
ALTER TABLE machine_start_failure ADD COLUMN cause text;
ALTER TABLE machine_start_failure ADD COLUMN failed_at timestamptz;

INSERT INTO history_event (event) VALUES ('start_means_changed');
