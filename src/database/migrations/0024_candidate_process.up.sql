-- oldest-binary: 10

-- One of three migrations, so that none locks two tables that servers write to: that would deadlock with them.
ALTER TABLE machine_state DROP CONSTRAINT machine_state_candidate_check;
ALTER TABLE machine_state ADD CONSTRAINT machine_state_candidate_fkey FOREIGN KEY (candidate) REFERENCES process (process);
