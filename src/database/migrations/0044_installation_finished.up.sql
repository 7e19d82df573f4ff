-- oldest-binary: 10

-- Installations by the time of their final result.
CREATE INDEX machine_os_installation_report_finished ON machine_os_installation_report (result, reported_at, machine_id);
