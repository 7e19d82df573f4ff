ALTER TABLE machines RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE work_backoff RESET (autovacuum_vacuum_scale_factor);
ALTER TABLE work RESET (autovacuum_vacuum_scale_factor);
ALTER TABLE machine_os_installation_progress RESET (autovacuum_vacuum_scale_factor);
ALTER TABLE machine_state RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
