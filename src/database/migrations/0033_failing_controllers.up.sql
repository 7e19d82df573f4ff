-- oldest-binary: 25

-- Controllers that fail are counted for the metrics. A migration of its own, so that none locks two tables that are written to.
CREATE INDEX machine_controller_contact_failed ON machine_controller_contact (failed_code) WHERE failed_at IS NOT NULL;
