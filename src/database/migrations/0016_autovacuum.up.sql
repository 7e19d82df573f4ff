-- oldest-binary: 10

-- Vacuum by a fiftieth of dead rows, not by a fifth: of a million machines that is 20,000, which is over in seconds, where 200,000
-- come as one long burst while heartbeats go on. machine_agent_heartbeat has had it from the beginning.
-- Every change of a state moves its row in some index, so none is a HOT update: it is the table that vacuum has most to do on.
ALTER TABLE machine_state SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
-- Written once a second and machine while images are.
ALTER TABLE machine_os_installation_progress SET (autovacuum_vacuum_scale_factor = 0.02);
-- Rows come and go: what is live is little, what is dead is much.
ALTER TABLE work SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE work_backoff SET (autovacuum_vacuum_scale_factor = 0.02);
-- A request writes the machine's last generation, which is in no index: with room in the page, a HOT update.
ALTER TABLE machines SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
