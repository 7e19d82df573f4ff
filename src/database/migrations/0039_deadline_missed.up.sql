-- oldest-binary: 10

-- The list of machines whose passed deadline was noticed: few, and found without a look at the others.
CREATE INDEX machine_state_missed ON machine_state (deadline_missed_at) WHERE deadline_missed_at IS NOT NULL;
