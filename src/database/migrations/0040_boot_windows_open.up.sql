-- oldest-binary: 25

-- The few windows that are open, of a million that were.
CREATE INDEX machine_boot_window_closes ON machine_boot_window (closes_at);
